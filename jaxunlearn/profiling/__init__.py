"""How fast the compiled step is, here and on devices that are not here."""
