"""Mappers of latents to surrogates (SUGAR Eq. 2 to 4): networks, loss, training."""
