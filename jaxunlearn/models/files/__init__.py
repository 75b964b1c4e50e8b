"""From files to networks and back: what is published, what it is called, how it is converted."""
