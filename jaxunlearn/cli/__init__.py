"""The command line: a file that runs each command, and in `parsers/` a file with its arguments."""
