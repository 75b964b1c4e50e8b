"""What attacks brought back, in words and pictures."""
