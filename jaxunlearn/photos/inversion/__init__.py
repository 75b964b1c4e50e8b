"""From photos to latents: by an encoder, a search, or both."""
