"""Measurements of the bundled networks."""
