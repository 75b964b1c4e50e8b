"""A mapper that reads ws as a sequence of rows: a pre-norm transformer (Xiong et al., 2020).

The place of a row has a learned code. `B` latents, `L` rows of ws, `D` w_dim.
"""

import jax
import jax.numpy as jnp
from flax import nnx

HEADS = 4
"""Default number of attention heads."""


class Block(nnx.Module):
    """Attention over the rows, then a network on each row; both are residual."""

    def __init__(self, width: int, heads: int, *, rngs: nnx.Rngs):
        self.norm1 = nnx.LayerNorm(width, rngs=rngs)
        self.attention = nnx.MultiHeadAttention(heads, width, decode=False, rngs=rngs)
        self.norm2 = nnx.LayerNorm(width, rngs=rngs)
        self.expand = nnx.Linear(width, 4 * width, rngs=rngs)
        self.contract = nnx.Linear(4 * width, width, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = x + self.attention(self.norm1(x))
        return x + self.contract(jax.nn.gelu(self.expand(self.norm2(x))))


class Transformer(nnx.Module):
    """Identity offsets w - w̄ `[B, L, D]` → directions of the surrogates, the same shape.

    Args:
      num_ws: `L`.
      w_dim: `D`.
      width: width of the rows inside.
      depth: number of blocks.
      heads: number of attention heads.
      rngs: random numbers for the weights.
    """

    def __init__(
        self, num_ws: int, w_dim: int, *, width: int = 256, depth: int = 4, heads: int = HEADS, rngs: nnx.Rngs
    ):
        names = ("num_ws", "w_dim", "width", "depth", "heads")
        self.sizes = tuple(zip(names, (num_ws, w_dim, width, depth, heads), strict=True))
        self.embed = nnx.Linear(w_dim, width, rngs=rngs)
        self.place = nnx.Param(0.02 * jax.random.normal(rngs.params(), (num_ws, width)))
        self.blocks = nnx.List([Block(width, heads, rngs=rngs) for _ in range(depth)])
        self.norm = nnx.LayerNorm(width, rngs=rngs)
        self.out = nnx.Linear(width, w_dim, rngs=rngs)

    def __call__(self, w_id: jax.Array) -> jax.Array:
        """See the class."""
        # One length for all: what matters about an offset is where it points.
        scale = jnp.sqrt(jnp.mean(jnp.square(w_id), axis=(-2, -1), keepdims=True) + 1e-12)
        x = self.embed(w_id / scale) + self.place[...]
        for block in self.blocks:
            x = block(x)
        return self.out(self.norm(x))
