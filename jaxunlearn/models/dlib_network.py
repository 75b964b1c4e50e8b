"""dlib's face recognition network as a judge: trained by others, on photos of real people."""

import dataclasses
from typing import Self

import jax
from flax import nnx

import dlib_flax

DLIB = "dlib"
"""Name of the network where a judge is asked for."""


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True, eq=False)
class DlibNetwork:
    """dlib's ResNet-29 with the bundled weights; a pytree. It measures and is never part of a loss.

    Attributes:
      graph, state: the network, as returned by `nnx.split`.
    """

    graph: nnx.GraphDef = dataclasses.field(metadata={"static": True})
    state: nnx.State

    @classmethod
    def load(cls) -> Self:
        """Load the bundled weights.

        Raises:
          torch_bridge.CheckpointError: if the bundled file is damaged.
        """
        return cls(*nnx.split(dlib_flax.load()))

    @property
    def name(self) -> str:
        """Name of the network in results."""
        return DLIB

    def describe(self, images: jax.Array, landmarks: jax.Array) -> jax.Array:
        """Describe the faces of images.

        Args:
          images: `[N, R, R, 3]` in [-1, 1].
          landmarks: `[N, 5, 2]` (x, y) in pixels: eyes, nose, corners of the mouth.

        Returns:
          Descriptors `[N, 128]`, not normalised. Two photos of a real person are less than 0.6 apart.
        """
        pixels = (images + 1) * 127.5
        return nnx.merge(self.graph, self.state)(dlib_flax.chips(pixels, landmarks))
