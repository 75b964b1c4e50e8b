"""How the bundled networks were trained."""
