"""From photos to latents: by an encoder, a search, or both."""

from jaxunlearn.photos.inversion.search import Inversion, InversionSettings, search_latents

__all__ = ["Inversion", "InversionSettings", "search_latents"]
