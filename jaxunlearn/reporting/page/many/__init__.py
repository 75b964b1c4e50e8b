"""Pages of several runs: side by side, and along a distance."""
