"""Read picture files: kinds of files, bits per pixel, colour profiles."""
