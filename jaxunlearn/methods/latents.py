"""Where a latent should go, and which latents lie around it.

`N` samples, `L` rows of ws (num_ws), `D` w_dim. Distances are Euclidean over all `L x D` numbers of one
sample, as in the official code.
"""

from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

NormOver = Literal["sample", "batch"]


def _length(offset: jax.Array, over: NormOver = "sample") -> jax.Array:
    axes = (-2, -1) if over == "sample" else tuple(range(offset.ndim))
    return jnp.sqrt(jnp.sum(jnp.square(offset), axis=axes, keepdims=True))


def extrapolated_target(ws: jax.Array, w_avg: jax.Array, d: float | jax.Array) -> jax.Array:
    """The un-identifying face on origin (GUIDE Eq. 3): past the mean, at distance `d` on its other side.

    Args:
      ws: `[..., L, D]`.
      w_avg: `[L, D]` or `[D]`.
      d: distance of the target from the mean; 30 in the paper. Negative stays on the person's own side.
    """
    return opposite(ws - w_avg, w_avg, d)


def opposite(direction: jax.Array, w_avg: jax.Array, d: float | jax.Array) -> jax.Array:
    """`d` away from the mean against a direction `[..., L, D]` of any length (SUGAR Eq. 3)."""
    return w_avg - d * direction / _length(direction)


def mean_target(ws: jax.Array, w_avg: jax.Array) -> jax.Array:
    """The mean face for everybody (GUIDE's baseline), in the shape of `ws`."""
    return jnp.broadcast_to(w_avg, ws.shape)


def interpolated_target(ws: jax.Array, w_avg: jax.Array, t: float) -> jax.Array:
    """Part of the way to the mean: `t` = 0 is the person, 1 the mean."""
    return ws + t * (w_avg - ws)


def adjacent_offsets(
    ws: jax.Array, ws_random: jax.Array, alpha: jax.Array, *, norm_over: NormOver = "sample"
) -> jax.Array:
    """Steps from a latent towards random ones (GUIDE Eq. 5).

    Args:
      ws: `[L, D]`, or `[N, L, D]` for an offset of each sample towards its own random latent.
      ws_random: `[N, L, D]`.
      alpha: `[N]` lengths of the steps.
      norm_over: "sample" makes every step `alpha` long; "batch" divides by one length over all samples, as
        SUGAR's code does, so that N steps are shorter by about √N.

    Returns:
      `[N, L, D]`.
    """
    direction = ws_random - ws
    return alpha[:, None, None] * direction / _length(direction, norm_over)


def vicinity_probes(
    ws: jax.Array,
    ws_random: jax.Array,
    radius: float | jax.Array,
    *,
    centre: jax.Array | None = None,
    norm_over: NormOver = "sample",
) -> jax.Array:
    """Latents around a person whose pictures are to stay (SUGAR Eq. 6): a shell, towards random people.

    Args:
      ws: `[L, D]`, the person; or `[N, L, D]`.
      ws_random: `[N, L, D]`, towards whom.
      radius: of the shell.
      centre: None puts the shell around the person, as the paper does; the official code puts it around the
        mean `[L, D]` or `[D]`.
      norm_over: see `adjacent_offsets`; "batch" is the official code's, where the N are one person's.

    Returns:
      `[N, L, D]`.
    """
    lengths = jnp.full(len(ws_random), radius)
    return (ws if centre is None else centre) + adjacent_offsets(ws, ws_random, lengths, norm_over=norm_over)


def repeated(ws: np.ndarray) -> tuple[int, int] | None:
    """The first two equal latents of `[N, L, D]`, by number; None if all differ."""
    seen: dict[bytes, int] = {}
    for k, latent in enumerate(ws):
        earlier = seen.setdefault(np.ascontiguousarray(latent).tobytes(), k)
        if earlier != k:
            return earlier, k
    return None


class LatentDistribution(NamedTuple):
    """The normal distribution that fits a generator's w: rows `mean + x @ axes` with x standard normal."""

    mean: jax.Array
    """`[D]`."""

    axes: jax.Array
    """`[D, D]`, principal axes, a row each, as long as a standard deviation."""

    inverse: jax.Array
    """`[D, D]`."""

    @classmethod
    def of(cls, w: jax.Array) -> "LatentDistribution":
        """Estimate from samples `[N, D]`; directions without variance get a thousandth of the largest."""
        mean = jnp.mean(w, axis=0)
        variances, directions = jnp.linalg.eigh(jnp.cov(w, rowvar=False))
        deviations = jnp.sqrt(jnp.maximum(variances, 1e-6 * variances[-1]))
        return cls(mean, deviations[:, None] * directions.T, directions / deviations)

    def latents(self, x: jax.Array) -> jax.Array:
        """Coordinates `[..., D]` → latents of that shape."""
        return self.mean + x @ self.axes

    def coordinates(self, ws: jax.Array) -> jax.Array:
        """The inverse of `latents`."""
        return (ws - self.mean) @ self.inverse
