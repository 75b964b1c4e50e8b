"""What every further generator copy costs, beside its work."""

import dataclasses
import math
from typing import Any

import jax

from jaxunlearn.methods.pairs import Target
from jaxunlearn.training.step import Frozen, State


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
    return CopySize(*(_bytes(tree) // copies for tree in (state.trainable, state.optimiser, target)))


def shared_bytes(frozen: Frozen) -> int:
    """Return the bytes that a device holds once, whatever the number of copies: all that no step changes.

    Args:
      frozen: as arrays or as shapes.
    """
    return _bytes(frozen)


def _bytes(tree: Any) -> int:
    return sum(math.prod(leaf.shape) * leaf.dtype.itemsize for leaf in jax.tree.leaves(tree))
