"""Statistics of real images, and the images or the file that they are from."""

import dataclasses

from inception_flax import FeatureStatistics


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
