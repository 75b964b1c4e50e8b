"""The process itself: signals, platform, and the other processes of a run."""
