"""The command line: one file a command, beside the parser and the options that commands share."""
