"""Measure the compiled step on this machine, and compile it for other devices."""
