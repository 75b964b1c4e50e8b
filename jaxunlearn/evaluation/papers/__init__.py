"""Figures of the papers' tables that need a set of pictures of their own."""
