"""Synthetic people: heads with hair and glasses, rendered from a parametric model."""
