"""Targets of latents, and latents around them.

`N` latents, `L` rows of ws (num_ws), `D` w_dim. Distances are Euclidean over all `L x D` numbers of one
latent, as in the official code.
"""

from typing import Literal

import chex
import jax
import jax.numpy as jnp
import numpy as np

NormOver = Literal["sample", "batch"]

ROUNDING = 1e-3
"""How far apart latents of one person may be, as a share of the latent's length: a GPU rounds an inversion
otherwise each time, and so do other photos in the batch."""


def _length(offset: jax.Array, over: NormOver = "sample") -> jax.Array:
    axes = (-2, -1) if over == "sample" else tuple(range(offset.ndim))
    return jnp.sqrt(jnp.sum(jnp.square(offset), axis=axes, keepdims=True))


def extrapolated_target(ws: jax.Array, w_avg: jax.Array, d: float | jax.Array) -> jax.Array:
    """Return the un-identifying face (GUIDE Eq. 3): beyond the mean, at distance `d` from it.

    Args:
      ws: `[..., L, D]`.
      w_avg: `[L, D]` or `[D]`.
      d: distance of the target from the mean, 30 in the paper; a negative one lies on the person's own side.
    """
    return opposite(ws - w_avg, w_avg, d)


def opposite(direction: jax.Array, w_avg: jax.Array, d: float | jax.Array) -> jax.Array:
    """Return the latent at distance `d` from the mean, against a direction `[..., L, D]` (SUGAR Eq. 3)."""
    return w_avg - d * direction / _length(direction)


def mean_target(ws: jax.Array, w_avg: jax.Array) -> jax.Array:
    """Return the mean face for everybody (GUIDE's baseline), in the shape of `ws`."""
    return jnp.broadcast_to(w_avg, ws.shape)


def interpolated_target(ws: jax.Array, w_avg: jax.Array, t: float) -> jax.Array:
    """Return a latent between the person (`t` = 0) and the mean (`t` = 1)."""
    return ws + t * (w_avg - ws)


def adjacent_offsets(
    ws: jax.Array, ws_random: jax.Array, alpha: jax.Array, *, norm_over: NormOver = "sample"
) -> jax.Array:
    """Return offsets from a latent towards random ones (GUIDE Eq. 5).

    Args:
      ws: `[L, D]`, or `[N, L, D]` where each latent has its own random one.
      ws_random: `[N, L, D]`.
      alpha: `[N]` lengths of the offsets.
      norm_over: "sample" makes every offset `alpha` long. "batch" divides by one length over all of them, as
        SUGAR's code does: N offsets are then shorter by about √N.

    Returns:
      `[N, L, D]`.
    """
    chex.assert_rank(ws_random, 3)
    chex.assert_shape(alpha, (len(ws_random),))
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
    """Return latents on a shell around a person, towards random people (SUGAR Eq. 6).

    Args:
      ws: `[L, D]`, the person; or `[N, L, D]`.
      ws_random: `[N, L, D]`, the random people.
      radius: radius of the shell.
      centre: None puts the shell around the person, as in the paper; the official code puts it around the
        mean `[L, D]` or `[D]`.
      norm_over: see `adjacent_offsets`; the official code uses "batch" over the N probes of one person.

    Returns:
      `[N, L, D]`.
    """
    lengths = jnp.full(len(ws_random), radius)
    return (ws if centre is None else centre) + adjacent_offsets(ws, ws_random, lengths, norm_over=norm_over)


def any_is_mean(ws: jax.Array, w_avg: jax.Array) -> bool:
    """Return True if one of latents `[..., L, D]` is the mean `[L, D]` or `[D]`, up to `ROUNDING`.

    What leads away from the mean is then only what rounding left of it.
    """
    apart = jnp.linalg.norm(ws - w_avg, axis=(-2, -1))
    return bool(jnp.min(apart) <= ROUNDING * jnp.linalg.norm(jnp.broadcast_to(w_avg, ws.shape[-2:])))


def repeated(ws: np.ndarray) -> tuple[int, int] | None:
    """Return the numbers of the first two of `[N, L, D]` that agree up to `ROUNDING`; None if all differ."""
    rows = ws.reshape(len(ws), -1).astype(np.float64)
    squares = np.sum(rows**2, axis=1)
    apart = squares[:, None] + squares - 2 * rows @ rows.T
    pairs = np.argwhere(np.triu(apart <= ROUNDING**2 * squares[:, None], 1))
    return (int(pairs[0, 0]), int(pairs[0, 1])) if len(pairs) else None
