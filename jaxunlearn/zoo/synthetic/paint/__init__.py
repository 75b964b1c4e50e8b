"""Colours of the parts of a head, as functions of the attributes of its mesh."""
