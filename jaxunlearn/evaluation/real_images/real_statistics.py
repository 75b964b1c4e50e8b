"""Statistics of real images, and the images or the file that they are from."""

import dataclasses

import numpy as np

from inception_flax import FeatureStatistics
from jaxunlearn.models.generator import sha256_of_arrays


@dataclasses.dataclass(frozen=True, eq=False)
class RealStatistics:
    """Statistics of real images.

    Attributes:
      statistics: mean and covariance of their features.
      number: number of images; None if a file does not say.
      network: name of the features' network; None if a file does not say.
      origin: name of the folder or file.
    """

    statistics: FeatureStatistics
    number: int | None
    network: str | None
    origin: str

    @property
    def sha256(self) -> str:
        """The first 16 digits of the SHA-256 of mean and covariance."""
        numbers = (self.statistics.mean, self.statistics.covariance)
        return sha256_of_arrays(np.asarray(array, np.float64) for array in numbers)[:16]
