"""Synthetic people: renderings of a parametric human head, for training and measuring the bundled models."""
