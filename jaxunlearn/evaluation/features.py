"""Networks whose features the Fréchet distance compares."""

import dataclasses
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np

from inception_flax import InceptionV3
from jaxunlearn.batching import in_batches
from lpips_flax import LPIPS


class Features(Protocol):
    """A network that describes images by features; a pytree."""

    @property
    def name(self) -> str:
        """Name of the network in results."""
        ...

    def __call__(self, images: jax.Array) -> jax.Array:
        """Return the features `[N, F]` of images `[N, R, R, 3]` in [-1, 1]."""
        ...


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class AlexNetFeatures:
    """256 features: the last convolution of ImageNet's AlexNet, rectified and averaged over the image.

    Their Fréchet distance ranks runs on one model. It is not FID; do not compare it with published values.

    Attributes:
      network: LPIPS on AlexNet; its backbone computes the features.
    """

    network: LPIPS

    def __post_init__(self) -> None:
        # JAX creates instances with placeholders when it handles pytrees.
        if isinstance(self.network, LPIPS) and self.network.net != "alex":
            raise ValueError(f"AlexNetFeatures needs LPIPS on 'alex', not on {self.network.net!r}")

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
    """The 2,048 features of FID, from the InceptionV3 of `pytorch-fid`.

    Attributes:
      network: as returned by `inception_flax.load`.
    """

    network: InceptionV3

    @property
    def name(self) -> str:
        """See `Features`."""
        return "inception"

    def __call__(self, images: jax.Array) -> jax.Array:
        """See `Features`."""
        return self.network((images + 1) / 2)


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class OnEightBits:
    """Features of images that are rounded to 8 bits first, as the official programs save them as PNG.

    Attributes:
      features: of the rounded images.
    """

    features: Features

    @property
    def name(self) -> str:
        """See `Features`; rounding is one of the settings."""
        return self.features.name

    def __call__(self, images: jax.Array) -> jax.Array:
        """See `Features`; the images are rounded as by `to_uint8`."""
        return self.features(jnp.floor(jnp.clip(images * 127.5 + 128, 0, 255)) / 127.5 - 1)


@jax.jit
def _describe(features: Any, images: jax.Array) -> jax.Array:
    return features(images)


def descriptions(features: Features, images: np.ndarray, batch: int) -> np.ndarray:
    """Return the features `[N, F]` of images `[N, R, R, 3]` in [-1, 1], computed `batch` at a time."""
    return in_batches(lambda x: _describe(features, x), batch, images)


def feature_size(features: Features, resolution: int) -> int:
    """Return the number of features, `F`, without computing any."""
    image = jax.ShapeDtypeStruct((1, resolution, resolution, 3), jnp.float32)
    return jax.eval_shape(_describe, features, image).shape[-1]
