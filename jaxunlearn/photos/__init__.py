"""From photos to people: files, crops, latents."""
