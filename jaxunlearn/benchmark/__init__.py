"""How fast the compiled step is, in how much memory, and which part of it takes the time."""
