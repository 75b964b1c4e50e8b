"""The command line: `commands/` runs them, and `parsers/` has their arguments."""
