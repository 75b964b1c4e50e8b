"""What every further generator copy costs, beside its work."""

import dataclasses
import math
from typing import Any

import jax

from jaxunlearn.methods.pairs import Target
from jaxunlearn.training.step import State


@dataclasses.dataclass(frozen=True)
class CopySize:
    """Bytes that a device holds for each generator copy.

    Attributes:
      parameters: what is trained. Devices that share a copy's pairs exchange as many bytes of gradients.
      optimiser: its moments.
      target: who is forgotten, and the planes of their target, which are computed once.
    """

    parameters: int
    optimiser: int
    target: int

    @property
    def state(self) -> int:
        """What training changes: parameters and moments."""
        return self.parameters + self.optimiser


def copy_size(state: State, target: Target, copies: int) -> CopySize:
    """Return the size of one copy.

    Args:
      state: of `copies` copies, as arrays or as shapes.
      target: the same.
      copies: `K`, with repetitions.
    """
    return CopySize(*(bytes_of(tree) // copies for tree in (state.trainable, state.optimiser, target)))


def bytes_of(tree: Any) -> int:
    """Return the bytes of all arrays of a pytree, which may be shapes."""
    return sum(math.prod(leaf.shape) * leaf.dtype.itemsize for leaf in jax.tree.leaves(tree))
