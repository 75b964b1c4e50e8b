"""One module for each command; it runs the command and may import everything."""
