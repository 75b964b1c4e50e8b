"""What every judge can do."""

from typing import Any, Protocol

import jax
import numpy as np


class Judge(Protocol):
    """A network that tells people apart, and how it is shown a face.

    A similarity is one number: higher is more alike, whatever the network measures.
    """

    @property
    def name(self) -> str:
        """Name of the network in results."""
        ...

    @property
    def network(self) -> Any:
        """The network, a pytree."""
        ...

    @property
    def measure(self) -> str:
        """What its similarity is, in words."""
        ...

    @property
    def threshold(self) -> float | None:
        """Similarity from which on two single photos count as one person; None if unknown.

        It was measured elsewhere, on other pictures. `CalibratedJudge` has thresholds of this generator.
        """
        ...

    @property
    def align(self) -> str:
        """What the network sees of a picture: "fixed", "landmarks" or "mtcnn"."""
        ...

    @property
    def detector_origin(self) -> str | None:
        """Origin of the face detector; None if there is none."""
        ...

    def embeddings(self, images: np.ndarray, c: jax.Array, batch: int) -> np.ndarray:
        """Embed pictures.

        Args:
          images: `[N, R, R, 3]` in [-1, 1].
          c: `[N, 25]`, the cameras of the images.
          batch: images embedded at a time.

        Returns:
          `[N, E]`; NaN where no face was found.
        """
        ...

    def similarity(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Compare people who are seen from the same views.

        Args:
          a: embeddings `[..., V, E]` of somebody from `V` views.
          b: the same of somebody else, or of the same person in another generator; shapes broadcast.

        Returns:
          `[...]`, from the views with a face on both sides; NaN if there is none.
        """
        ...
