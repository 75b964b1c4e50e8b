"""Features whose distributions the Fréchet distance compares."""

import dataclasses
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np

from inception_flax import InceptionV3
from jaxunlearn.batching import in_batches
from lpips_flax import LPIPS


class Features(Protocol):
    """A pytree that describes images."""

    @property
    def name(self) -> str:
        """The network, as results name it."""
        ...

    def __call__(self, images: jax.Array) -> jax.Array:
        """Images `[N, R, R, 3]` in [-1, 1] → `[N, F]`."""
        ...


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class AlexNetFeatures:
    """The last convolution of ImageNet's AlexNet, rectified and averaged over the image: 256 numbers.

    A Fréchet distance of these orders runs on one model; it is no FID and compares with no published one.

    Attributes:
      network: LPIPS on AlexNet, whose backbone is taken.
    """

    network: LPIPS

    def __post_init__(self) -> None:
        # JAX puts placeholders here when it handles trees.
        if isinstance(self.network, LPIPS) and self.network.net != "alex":
            raise ValueError(f"an AlexNet is needed, not LPIPS on {self.network.net!r}")

    @property
    def name(self) -> str:
        """See `Features`."""
        return "alexnet"

    def __call__(self, images: jax.Array) -> jax.Array:
        """See `Features`."""
        return jnp.mean(self.network.features(images)[-1], axis=(1, 2))


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class InceptionFeatures:
    """The features of FID: 2,048 numbers of the InceptionV3 that `pytorch-fid` uses.

    Attributes:
      network: as `inception_flax.load` reads it.
    """

    network: InceptionV3

    @property
    def name(self) -> str:
        """See `Features`."""
        return "inception"

    def __call__(self, images: jax.Array) -> jax.Array:
        """See `Features`."""
        return self.network((images + 1) / 2)


@jax.jit
def _describe(features: Any, images: jax.Array) -> jax.Array:
    return features(images)


def descriptions(features: Features, images: np.ndarray, batch: int) -> np.ndarray:
    """Features `[N, F]` of images `[N, R, R, 3]`."""
    return in_batches(lambda x: _describe(features, x), batch, images)
