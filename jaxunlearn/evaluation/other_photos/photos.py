"""Other photos of a forgotten person: their latents, and the photos themselves where they are at hand."""

from typing import NamedTuple

import numpy as np


class OtherPhotos(NamedTuple):
    """Photos of one person that unlearning did not use. `M` photos."""

    ws: np.ndarray
    """`[M, L, D]`, the latents that inversion found for them."""

    images: np.ndarray | None = None
    """`[M, R, R, 3]` in [-1, 1], the photos; None where only latents were given."""
