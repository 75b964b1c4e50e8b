"""Arguments of the commands that make again what the papers print."""
