"""How far pictures before and after differ."""
