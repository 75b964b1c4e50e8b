"""Compile the step for devices that need not be here, and say what it would take there."""
