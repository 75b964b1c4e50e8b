"""Picture files as pixels: kinds, depths, colour profiles."""
