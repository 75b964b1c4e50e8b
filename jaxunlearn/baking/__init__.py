"""Baking: weights of the official architecture that render as a generator with adapters does."""
