"""The mapping network from z and camera to ws."""

import jax
import jax.numpy as jnp
from flax import nnx
from jax import lax

from eg3d_flax.layers import Buffer, FullyConnectedLayer


def normalize_2nd_moment(x: jax.Array) -> jax.Array:
    """Scale the last axis to a mean square of 1."""
    return x * lax.rsqrt(jnp.mean(jnp.square(x), axis=-1, keepdims=True) + 1e-8)


def truncate(
    ws: jax.Array,
    w_avg: jax.Array,
    truncation_psi: float | jax.Array,
    truncation_cutoff: int | None = None,
) -> jax.Array:
    """Move ws towards the mean face: `w_avg + psi * (ws - w_avg)`.

    Args:
      ws: `[B, num_ws, w_dim]`.
      w_avg: `[w_dim]`.
      truncation_psi: 1 does not move ws; 0 gives the mean.
      truncation_cutoff: number of rows that are truncated, from the first; None truncates all.
    """
    truncated = w_avg + truncation_psi * (ws - w_avg)
    if truncation_cutoff is None:
        return truncated
    return ws.at[:, :truncation_cutoff].set(truncated[:, :truncation_cutoff])


class MappingNetwork(nnx.Module):
    """Normalisation and fully connected layers (`training.networks_stylegan2.MappingNetwork`)."""

    def __init__(
        self,
        z_dim: int,
        c_dim: int,
        w_dim: int,
        num_ws: int,
        *,
        num_layers: int = 8,
        lr_multiplier: float = 0.01,
        w_avg_beta: float = 0.998,
        rngs: nnx.Rngs,
    ):
        self.z_dim, self.c_dim, self.num_ws = z_dim, c_dim, num_ws
        self.num_layers, self.w_avg_beta = num_layers, w_avg_beta
        self.embed = FullyConnectedLayer(c_dim, w_dim, rngs=rngs) if c_dim else None
        width = z_dim + (w_dim if c_dim else 0)
        for i in range(num_layers):
            layer = FullyConnectedLayer(
                width, w_dim, activation="lrelu", lr_multiplier=lr_multiplier, rngs=rngs
            )
            setattr(self, f"fc{i}", layer)
            width = w_dim
        self.w_avg = Buffer(jnp.zeros(w_dim))

    def __call__(
        self,
        z: jax.Array,
        c: jax.Array | None = None,
        *,
        truncation_psi: float | jax.Array = 1.0,
        truncation_cutoff: int | None = None,
    ) -> jax.Array:
        """Map z to ws.

        Args:
          z: `[B, z_dim]`, standard normal.
          c: conditioning cameras `[B, c_dim]`; a network without conditioning ignores them.
          truncation_psi: see `truncate`; the number 1 skips it.
          truncation_cutoff: see `truncate`.

        Returns:
          ws `[B, num_ws, w_dim]` float32; all rows are equal unless `truncation_cutoff` is given.

        Raises:
          ValueError: if `z` or `c` has another shape.
        """
        if z.shape[1:] != (self.z_dim,):
            raise ValueError(f"z must be [B, {self.z_dim}], not {list(z.shape)}")
        x = normalize_2nd_moment(z.astype(jnp.float32))
        if self.embed is not None:
            if c is None:
                raise ValueError("this generator is conditioned on the camera: pass c, [B, 25]")
            if c.shape != (len(z), self.c_dim):
                raise ValueError(f"c must be [{len(z)}, {self.c_dim}], as many as z, not {list(c.shape)}")
            x = jnp.concatenate([x, normalize_2nd_moment(self.embed(c.astype(jnp.float32)))], axis=-1)
        for i in range(self.num_layers):
            x = getattr(self, f"fc{i}")(x)
        ws = jnp.repeat(x[:, None], self.num_ws, axis=1)
        if not isinstance(truncation_psi, jax.Array) and truncation_psi == 1:
            return ws
        return truncate(ws, self.w_avg[...], truncation_psi, truncation_cutoff)

    def next_w_avg(self, ws: jax.Array) -> jax.Array:
        """Return the running mean `[w_dim]` of w after one more batch of untruncated `ws`.

        Training assigns it: `mapping.w_avg[...] = mapping.next_w_avg(ws)`.
        """
        batch_mean = jnp.mean(ws[:, 0], axis=0)
        return batch_mean + self.w_avg_beta * (self.w_avg[...] - batch_mean)
