"""Apply networks to many images in batches of one size, so that each is compiled only once."""

from typing import Any, Protocol

import jax
import numpy as np

from jaxunlearn.batching import in_batches
from lpips_flax import LPIPS


class CosineNetwork(Protocol):
    """A network that tells people apart, such as `models.identity.IdentityNetwork`; a pytree."""

    @property
    def name(self) -> str:
        """Name of the network in results."""
        ...

    @property
    def threshold(self) -> float | None:
        """Cosine similarity from which on two pictures count as one person; None if unknown."""
        ...

    def embed(self, images: jax.Array) -> jax.Array:
        """Embed images `[N, R, R, 3]` in [-1, 1] as unit vectors `[N, E]`."""
        ...

    def embed_faces(self, faces: jax.Array) -> jax.Array:
        """Embed aligned faces `[N, S, S, 3]` in [-1, 1] as unit vectors `[N, E]`."""
        ...


@jax.jit
def _embed(network: Any, images: jax.Array) -> jax.Array:
    return network.embed(images)


@jax.jit
def _embed_faces(network: Any, faces: jax.Array) -> jax.Array:
    return network.embed_faces(faces)


@jax.jit
def _compare(perceptual: Any, images: jax.Array, others: jax.Array) -> jax.Array:
    return perceptual(images, others)


def embeddings(network: CosineNetwork, images: np.ndarray, batch: int) -> np.ndarray:
    """Embed images `[N, R, R, 3]` in [-1, 1] as unit vectors `[N, E]`, `batch` at a time."""
    return in_batches(lambda x: _embed(network, x), batch, images)


def face_embeddings(network: CosineNetwork, faces: np.ndarray, batch: int) -> np.ndarray:
    """Embed aligned faces `[N, S, S, 3]` in [-1, 1] as unit vectors `[N, E]`, `batch` at a time."""
    return in_batches(lambda x: _embed_faces(network, x), batch, faces)


def perceptual_distances(perceptual: LPIPS, images: np.ndarray, others: np.ndarray, batch: int) -> np.ndarray:
    """Return LPIPS `[N]` between pairs of images `[N, R, R, 3]` in [-1, 1], `batch` pairs at a time."""
    return in_batches(lambda x, y: _compare(perceptual, x, y), batch, images, others)
