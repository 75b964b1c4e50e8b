"""The decoder from plane features to colour features and density."""

import functools
import operator
from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jax.ad_checkpoint import checkpoint_name

from eg3d_flax.layers import FullyConnectedLayer

FEATURES = "features"
"""Name of the decoder's input among the values of a rendering."""


class Decoded(NamedTuple):
    """Colour features and density of points."""

    rgb: jax.Array
    """`[..., decoder_output_dim]` in (-0.001, 1.001); the first three are the raw colours."""

    sigma: jax.Array
    """`[...]` float32, raw density before softplus."""


def decoded(out: jax.Array) -> Decoded:
    """Split the output `[..., 1 + decoder_output_dim]` of the last layer into density and colour features."""
    rgb = jax.nn.sigmoid(out[..., 1:]) * (1 + 2 * 0.001) - 0.001
    return Decoded(rgb, out[..., 0].astype(jnp.float32))


class OSGDecoder(nnx.Module):
    """Two-layer perceptron on the mean of the three planes' features (`training.triplane.OSGDecoder`)."""

    def __init__(
        self,
        n_features: int,
        *,
        hidden_dim: int = 64,
        decoder_output_dim: int = 32,
        decoder_lr_mul: float = 1.0,
        rngs: nnx.Rngs,
    ):
        first = FullyConnectedLayer(n_features, hidden_dim, lr_multiplier=decoder_lr_mul, rngs=rngs)
        second = FullyConnectedLayer(
            hidden_dim, 1 + decoder_output_dim, lr_multiplier=decoder_lr_mul, rngs=rngs
        )
        self.net = nnx.Dict({"0": first, "2": second})

    @jax.named_scope("decoder")
    def __call__(self, features: jax.Array) -> Decoded:
        """Decode features of points.

        Args:
          features: `[B, P, M, C]`, of the three planes, or of fewer planes with the same sum
            (`planes.merge_planes`); or `[B, P, M, 4 C]`, whose four parts are added, too (form "lanes").

        Returns:
          Results with the leading shape `[B, M]`.
        """
        # One by one: for a sum over the axis, a TPU v6e takes several times as many cycles.
        total = functools.reduce(operator.add, (features[:, plane] for plane in range(features.shape[1])))
        # Named so that a gradient in chunks can keep it (`Compute.keep_features`).
        mean = checkpoint_name(total / 3, FEATURES)
        first = self.net["0"]
        parts = mean.shape[-1] // first.weight.shape[0]
        hidden = jax.nn.softplus(first(mean, parts=parts))
        return decoded(self.net["2"](hidden))
