"""Find, recognise, read and convert the files of networks."""
