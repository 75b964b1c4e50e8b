"""Pages to look at in a browser, each one file with its pictures inside."""
