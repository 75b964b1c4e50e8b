"""The share of a step's pairs that one of several devices renders."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

Pytree = Any


@dataclasses.dataclass(frozen=True)
class Portion:
    """Equal shares of `count` pairs, for the devices along a mesh axis; inside `jax.shard_map` only.

    Shares are of one size, since all devices run one program: the last ones render some pairs for nothing
    where `count` is not a multiple of `parts`.

    Attributes:
      axis: name of the mesh axis.
      parts: devices along it.
      count: pairs, `P`.
    """

    axis: str
    parts: int
    count: int

    @property
    def size(self) -> int:
        """Pairs of a share."""
        return -(-self.count // self.parts)

    @property
    def wasted(self) -> float:
        """Share of the rendering that is for nothing, in [0, 1)."""
        return 1 - self.count / (self.size * self.parts)

    def _rows(self) -> jax.Array:
        """`[size]`, which pairs are this device's; `count` and above are nobody's."""
        return jax.lax.axis_index(self.axis) * self.size + jnp.arange(self.size)

    def take(self, tree: Pytree) -> Pytree:
        """This device's rows of arrays `[P, ...]`; what has one row for all pairs stays."""
        rows = jnp.minimum(self._rows(), self.count - 1)
        return jax.tree.map(lambda x: x[rows] if len(x) == self.count else x, tree)

    def put(self, values: jax.Array, wanted: np.ndarray) -> jax.Array:
        """This device's values `[size]` among those of all pairs, `[P]`: 0 elsewhere, and where unwanted."""
        everywhere = jnp.zeros(self.count, values.dtype).at[self._rows()].set(values, mode="drop")
        return jnp.where(wanted, everywhere, 0)

    def total(self, tree: Pytree) -> Pytree:
        """The sum over the devices."""
        return jax.lax.psum(tree, self.axis)
