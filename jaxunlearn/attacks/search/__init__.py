"""Search for a forgotten person in the unlearned generator: by their photo, or near their latent."""

from jaxunlearn.attacks.search.near_search import NearSettings, search_near
from jaxunlearn.attacks.search.reinversion import ReinversionSettings, reinvert

__all__ = ["NearSettings", "ReinversionSettings", "reinvert", "search_near"]
