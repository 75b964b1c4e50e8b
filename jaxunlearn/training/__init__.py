"""The compiled step, and the run around it: folder, checkpoints, signals."""
