"""Which part of a step does how much work, and how long it takes."""
