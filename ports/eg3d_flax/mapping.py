"""z and camera → ws."""

import jax
import jax.numpy as jnp
from flax import nnx
from jax import lax

from eg3d_flax.layers import Buffer, FullyConnectedLayer


def normalize_2nd_moment(x: jax.Array) -> jax.Array:
    """Scale the last axis to mean square 1."""
    return x * lax.rsqrt(jnp.mean(jnp.square(x), axis=-1, keepdims=True) + 1e-8)


def truncate(
    ws: jax.Array, w_avg: jax.Array, truncation_psi: float, truncation_cutoff: int | None = None
) -> jax.Array:
    """Pull ws towards the mean face: `w_avg + psi * (ws - w_avg)`.

    Args:
      ws: `[B, num_ws, w_dim]`.
      w_avg: `[w_dim]`.
      truncation_psi: 1 leaves ws as they are, 0 gives the mean.
      truncation_cutoff: only the first so many rows are truncated; None truncates all.
    """
    truncated = w_avg + truncation_psi * (ws - w_avg)
    if truncation_cutoff is None:
        return truncated
    return ws.at[:, :truncation_cutoff].set(truncated[:, :truncation_cutoff])


class MappingNetwork(nnx.Module):
    """`training.networks_stylegan2.MappingNetwork`: fully connected layers after normalisation."""

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
        self.num_ws, self.num_layers, self.w_avg_beta = num_ws, num_layers, w_avg_beta
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
        truncation_psi: float = 1.0,
        truncation_cutoff: int | None = None,
    ) -> jax.Array:
        """Map latents.

        Args:
          z: `[B, z_dim]`, standard normal.
          c: `[B, c_dim]` camera to condition on; not read by a network without conditioning.
          truncation_psi: see `truncate`; exactly 1 skips it.
          truncation_cutoff: see `truncate`.

        Returns:
          ws, `[B, num_ws, w_dim]` float32; all rows are equal except for a truncation cutoff.
        """
        x = normalize_2nd_moment(z.astype(jnp.float32))
        if self.embed is not None:
            if c is None:
                raise ValueError("this generator is conditioned on the camera: pass c, [B, 25]")
            x = jnp.concatenate([x, normalize_2nd_moment(self.embed(c.astype(jnp.float32)))], axis=-1)
        for i in range(self.num_layers):
            x = getattr(self, f"fc{i}")(x)
        ws = jnp.repeat(x[:, None], self.num_ws, axis=1)
        if truncation_psi == 1:
            return ws
        return truncate(ws, self.w_avg[...], truncation_psi, truncation_cutoff)

    def next_w_avg(self, ws: jax.Array) -> jax.Array:
        """The running mean of w after one more batch of untruncated `ws`, `[w_dim]`.

        Training assigns it: `mapping.w_avg[...] = mapping.next_w_avg(ws)`.
        """
        batch_mean = jnp.mean(ws[:, 0], axis=0)
        return batch_mean + self.w_avg_beta * (self.w_avg[...] - batch_mean)
