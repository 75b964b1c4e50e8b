"""The commands that make again what the papers print."""
