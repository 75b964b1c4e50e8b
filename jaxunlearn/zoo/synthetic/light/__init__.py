"""Light that falls on a head: surroundings, a lamp, and what keeps them from the skin."""
