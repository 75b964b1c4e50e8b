"""How the w of a generator are distributed, for searches that keep their latents likely; `D` is w_dim."""

from typing import NamedTuple

import jax
import jax.numpy as jnp


class LatentDistribution(NamedTuple):
    """A normal distribution of a generator's w: rows `mean + x @ axes` with x standard normal."""

    mean: jax.Array
    """`[D]`."""

    axes: jax.Array
    """`[D, D]`, principal axes as rows, each as long as a standard deviation."""

    inverse: jax.Array
    """`[D, D]`, the inverse of `axes`."""

    @classmethod
    def of(cls, w: jax.Array) -> "LatentDistribution":
        """Estimate it from samples `[N, D]`; axes without variance get a thousandth of the largest."""
        mean = jnp.mean(w, axis=0)
        variances, directions = jnp.linalg.eigh(jnp.cov(w, rowvar=False))
        deviations = jnp.sqrt(jnp.maximum(variances, 1e-6 * variances[-1]))
        return cls(mean, deviations[:, None] * directions.T, directions / deviations)

    def latents(self, x: jax.Array) -> jax.Array:
        """Return the latents of coordinates `[..., D]`, in the same shape."""
        return self.mean + x @ self.axes

    def coordinates(self, ws: jax.Array) -> jax.Array:
        """Return the coordinates of latents, the inverse of `latents`."""
        return (ws - self.mean) @ self.inverse
