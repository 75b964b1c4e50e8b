"""Head hair: its surface, its strands, and the hairdos."""
