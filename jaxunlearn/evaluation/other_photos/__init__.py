"""Other photos of the forgotten people, which unlearning did not use: ID_others of GUIDE."""

from jaxunlearn.evaluation.other_photos.latent_files import read_others
from jaxunlearn.evaluation.other_photos.photos import OtherPhotos
from jaxunlearn.evaluation.other_photos.remaining_photos import invert_remaining

__all__ = ["OtherPhotos", "invert_remaining", "read_others"]
