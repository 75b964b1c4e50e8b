"""Commands that measure and compile steps."""
