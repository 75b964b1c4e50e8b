"""Networks over many images, some at a time, each compiled once for one size of batch."""

from typing import Any, Protocol

import jax
import numpy as np

from jaxunlearn.batching import in_batches
from lpips_flax import LPIPS


class Judge(Protocol):
    """A pytree that tells people apart; `jaxunlearn.models.identity.IdentityNetwork` is one."""

    @property
    def name(self) -> str:
        """As results name it."""
        ...

    @property
    def threshold(self) -> float | None:
        """Cosine above which two pictures count as one person; None if unknown."""
        ...

    def embed(self, images: jax.Array) -> jax.Array:
        """Images `[N, R, R, 3]` in [-1, 1] → unit vectors `[N, E]`."""
        ...

    def embed_faces(self, faces: jax.Array) -> jax.Array:
        """Aligned faces `[N, S, S, 3]` in [-1, 1] → unit vectors `[N, E]`."""
        ...


@jax.jit
def _embed(judge: Any, images: jax.Array) -> jax.Array:
    return judge.embed(images)


@jax.jit
def _embed_faces(judge: Any, faces: jax.Array) -> jax.Array:
    return judge.embed_faces(faces)


@jax.jit
def _compare(perceptual: Any, images: jax.Array, others: jax.Array) -> jax.Array:
    return perceptual(images, others)


def embeddings(judge: Judge, images: np.ndarray, batch: int) -> np.ndarray:
    """Unit vectors `[N, E]` of images `[N, R, R, 3]`."""
    return in_batches(lambda x: _embed(judge, x), batch, images)


def face_embeddings(judge: Judge, faces: np.ndarray, batch: int) -> np.ndarray:
    """Unit vectors `[N, E]` of aligned faces `[N, S, S, 3]`."""
    return in_batches(lambda x: _embed_faces(judge, x), batch, faces)


def perceptual_distances(perceptual: LPIPS, images: np.ndarray, others: np.ndarray, batch: int) -> np.ndarray:
    """LPIPS `[N]` of images `[N, R, R, 3]`, pair by pair."""
    return in_batches(lambda x, y: _compare(perceptual, x, y), batch, images, others)
