"""The parts that make latents from token maps.

Letters: `B` batch, `L` queries, `M` memory tokens, `C` channels.
"""

import jax
import jax.numpy as jnp
from flax import nnx

from torch_layers import LayerNorm, Linear


class Perceptron(nnx.Module):
    """Linear layers with leaky ReLUs between them, named 0, 2, 4, ... as in a `torch.nn.Sequential`."""

    def __init__(self, sizes: tuple[int, ...], *, activate_last: bool = False, rngs: nnx.Rngs):
        self.count = len(sizes) - 1
        self.activate_last = activate_last
        for k in range(self.count):
            setattr(self, str(2 * k), Linear(sizes[k], sizes[k + 1], rngs=rngs))

    def __call__(self, x: jax.Array) -> jax.Array:
        for k in range(self.count):
            x = getattr(self, str(2 * k))(x)
            if k < self.count - 1 or self.activate_last:
                x = jax.nn.leaky_relu(x, 0.01)
        return x


class MultiheadAttention(nnx.Module):
    """PyTorch's `MultiheadAttention`; the projections of query, key and value are packed in this order."""

    def __init__(self, channels: int, heads: int, *, rngs: nnx.Rngs):
        self.heads = heads
        init = jax.nn.initializers.glorot_uniform()
        self.in_proj_weight = nnx.Param(init(rngs.params(), (channels, 3 * channels)))
        self.in_proj_bias = nnx.Param(jnp.zeros(3 * channels))
        self.out_proj = Linear(channels, channels, rngs=rngs)

    def __call__(self, queries: jax.Array, memory: jax.Array) -> jax.Array:
        """Let queries `[B, L, C]` attend to keys and values `[B, M, C]`; returns `[B, L, C]`."""
        weights = jnp.split(self.in_proj_weight[...].astype(queries.dtype), 3, axis=1)
        biases = jnp.split(self.in_proj_bias[...].astype(queries.dtype), 3)
        q, k, v = (
            (x @ weight + bias).reshape(*x.shape[:2], self.heads, -1)
            for x, weight, bias in zip((queries, memory, memory), weights, biases, strict=True)
        )
        return self.out_proj(jax.nn.dot_product_attention(q, k, v).reshape(queries.shape))


class CrossAttention(nnx.Module):
    """Queries attend to a memory, are normalised without learned parameters, and pass through a perceptron.

    As in the reference, there is no normalisation before the attention or after the perceptron.
    """

    def __init__(self, channels: int, heads: int, hidden: int, *, rngs: nnx.Rngs):
        self.multihead_attn = MultiheadAttention(channels, heads, rngs=rngs)
        self.linear1 = Linear(channels, hidden, rngs=rngs)
        self.linear2 = Linear(hidden, channels, rngs=rngs)
        self.norm2 = LayerNorm(channels, affine=False)

    def __call__(self, queries: jax.Array, memory: jax.Array) -> jax.Array:
        x = self.norm2(queries + self.multihead_attn(queries, memory))
        return x + self.linear2(jax.nn.relu(self.linear1(x)))
