"""Move a state dict between PyTorch's names and layout and ours, with every key accounted for.

Our modules carry PyTorch's names: the attribute path of a weight, joined with dots, is its `state_dict()`
key. So a port only says which axes to swap (`TorchLayout.axes`), and which source keys it leaves out on
purpose (`TorchLayout.ignored`); everything else must match one to one.
"""

import dataclasses
import re
from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np

Status = Literal["used", "ignored", "missing", "unexpected", "wrong shape", "not finite"]
FAULTS: frozenset[Status] = frozenset({"missing", "unexpected", "wrong shape", "not finite"})


class StateDictError(ValueError):
    """A state dict does not fit the network; the message lists every problem, one a line."""


@dataclasses.dataclass(frozen=True)
class TorchLayout:
    """How one family of networks is stored by PyTorch.

    Attributes:
      axes: `axes(name, ndim)` gives the permutation that turns the PyTorch array called `name` into ours,
        as for `numpy.transpose`.
      ignored: regular expressions, each matched against a whole source key, of entries that carry nothing
        we need (constants that the code recomputes, training-time buffers).
    """

    axes: Callable[[str, int], tuple[int, ...]]
    ignored: tuple[str, ...] = ()

    def ignores(self, name: str) -> bool:
        """Whether the source key `name` is left out on purpose."""
        return any(re.fullmatch(pattern, name) for pattern in self.ignored)


def conv_and_linear_axes(name: str, ndim: int) -> tuple[int, ...]:
    """Axes for the common case: OIHW → HWIO, `[out, in]` weight → `[in, out]`, all else unchanged."""
    if ndim == 4:
        return (2, 3, 1, 0)
    if ndim == 2 and name.endswith("weight"):
        return (1, 0)
    return tuple(range(ndim))


@dataclasses.dataclass(frozen=True)
class Row:
    """What became of one key. Shapes are in PyTorch's layout; None where that side lacks the key."""

    name: str
    status: Status
    source_shape: tuple[int, ...] | None
    target_shape: tuple[int, ...] | None


def _inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(int(i) for i in np.argsort(axes))


def _contiguous(array: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """Transpose and copy; unlike `np.ascontiguousarray`, a scalar stays a scalar."""
    return np.array(np.transpose(array, axes), order="C")


def account(
    source: Mapping[str, np.ndarray], targets: Mapping[str, tuple[int, ...]], layout: TorchLayout
) -> list[Row]:
    """Match every source key with a target.

    Args:
      source: PyTorch's state dict as numpy arrays.
      targets: dotted path → shape in our layout, of every array the network holds.
      layout: how the family is stored.

    Returns:
      One row for each key of either side, in order of name.
    """
    rows = []
    for name in sorted(source.keys() | targets.keys()):
        found = tuple(source[name].shape) if name in source else None
        wanted = None
        if name in targets:
            shape = targets[name]
            wanted = tuple(shape[i] for i in _inverse(layout.axes(name, len(shape))))
        status: Status = "used"
        if wanted is None:
            status = "ignored" if layout.ignores(name) else "unexpected"
        elif found is None:
            status = "missing"
        elif found != wanted:
            status = "wrong shape"
        elif not np.isfinite(source[name].astype(np.float32)).all():
            status = "not finite"
        rows.append(Row(name, status, found, wanted))
    return rows


_EXPLANATION: dict[Status, str] = {
    "missing": "{0.name}: missing from the file (expected shape {0.target_shape})",
    "unexpected": "{0.name}: not part of this network (shape {0.source_shape})",
    "wrong shape": "{0.name}: shape {0.source_shape}, but this network needs {0.target_shape}",
    "not finite": "{0.name}: contains NaN or infinity",
}


def problems(rows: list[Row]) -> list[str]:
    """One sentence for each row that is a fault; empty when everything fits."""
    return [_EXPLANATION[row.status].format(row) for row in rows if row.status in FAULTS]


def from_torch(
    source: Mapping[str, np.ndarray], targets: Mapping[str, tuple[int, ...]], layout: TorchLayout
) -> dict[str, np.ndarray]:
    """Convert PyTorch's state dict to our layout, in float32.

    Raises:
      StateDictError: if a key is missing, unexpected, of the wrong shape or not finite; lists all of them.
    """
    found = problems(account(source, targets, layout))
    if found:
        raise StateDictError("\n".join(found))
    return {
        name: _contiguous(source[name].astype(np.float32), layout.axes(name, len(targets[name])))
        for name in targets
    }


def to_torch(arrays: Mapping[str, np.ndarray], layout: TorchLayout) -> dict[str, np.ndarray]:
    """The inverse of `from_torch`: our arrays in PyTorch's layout. Ignored entries are not made up."""
    return {
        name: _contiguous(array, _inverse(layout.axes(name, np.ndim(array))))
        for name, array in arrays.items()
    }
