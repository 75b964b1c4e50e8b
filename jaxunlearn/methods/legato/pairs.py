"""GUIDE's pairs with the weights of the trajectory penalty, which the local pair alone has."""

import dataclasses

import numpy as np

from jaxunlearn.methods.adapters_part import LAST_INCREMENT, TRAJECTORY
from jaxunlearn.methods.guide.pairs import GuideSampling


@dataclasses.dataclass(frozen=True)
class LegatoSampling(GuideSampling):
    """How LEGATO draws its pairs: as GUIDE does.

    Attributes:
      trajectory: weight of the mean squared increment of the local pair.
      last_increment: further weight of its last one.
    """

    trajectory: float = 1.0
    last_increment: float = 0.0

    def weights(self) -> dict[str, np.ndarray]:
        """See `PairSampling`."""

        def local(weight: float) -> np.ndarray:
            return np.array([weight] + [0.0] * (self.count - 1), np.float32)

        return super().weights() | {
            TRAJECTORY: local(self.trajectory),
            LAST_INCREMENT: local(self.last_increment),
        }
