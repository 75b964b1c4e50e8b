"""Arguments of the commands that measure and compile steps."""
