"""Convert a state dict between PyTorch's layout and ours, with an account of every key.

Our modules have PyTorch's names: the attribute path of a weight, joined with dots, is its key in
`state_dict()`. So a port only defines the axes to permute (`TorchLayout.axes`) and the keys to ignore
(`TorchLayout.ignored`). All other keys must match one to one.
"""

import dataclasses
import re
from collections.abc import Callable, Mapping
from typing import Literal, get_args

import numpy as np

Status = Literal[
    "used", "ignored", "missing", "unexpected", "wrong shape", "complex", "not finite", "too large"
]
FAULTS: frozenset[Status] = frozenset(get_args(Status)) - {"used", "ignored"}


class StateDictError(ValueError):
    """A state dict does not fit the network; the message lists all problems, one per line."""


@dataclasses.dataclass(frozen=True)
class TorchLayout:
    """PyTorch's layout of a kind of network.

    Attributes:
      axes: `axes(name, ndim)` returns the permutation from the PyTorch array `name` to ours, as for
        `numpy.transpose`.
      ignored: regular expressions for whole keys that are not needed: constants that the code computes, and
        buffers for training.
    """

    axes: Callable[[str, int], tuple[int, ...]]
    ignored: tuple[str, ...] = ()

    def ignores(self, name: str) -> bool:
        """True if the key `name` is ignored."""
        return any(re.fullmatch(pattern, name) for pattern in self.ignored)


def conv_and_linear_axes(name: str, ndim: int) -> tuple[int, ...]:
    """Return the usual axes: OIHW → HWIO, weight `[out, in]` → `[in, out]`, other arrays unchanged."""
    if ndim == 4:
        return (2, 3, 1, 0)
    if ndim == 2 and name.endswith("weight"):
        return (1, 0)
    return tuple(range(ndim))


@dataclasses.dataclass(frozen=True)
class Row:
    """The status of a key. Shapes are in PyTorch's layout; None if the file or the network lacks the key."""

    name: str
    status: Status
    source_shape: tuple[int, ...] | None
    target_shape: tuple[int, ...] | None


def _inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(int(i) for i in np.argsort(axes))


def _contiguous(array: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """Transpose and copy; unlike with `np.ascontiguousarray`, a scalar stays a scalar."""
    return np.array(np.transpose(array, axes), order="C")


def account(
    source: Mapping[str, np.ndarray], targets: Mapping[str, tuple[int, ...]], layout: TorchLayout
) -> list[Row]:
    """Compare the keys of a state dict with those of a network.

    Args:
      source: PyTorch's state dict as NumPy arrays.
      targets: dotted path → shape in our layout, for all arrays of the network.
      layout: PyTorch's layout of the network.

    Returns:
      One row for each key of either side, sorted by name.
    """
    rows = []
    for name in sorted(source.keys() | targets.keys()):
        given = tuple(source[name].shape) if name in source else None
        wanted = None
        if name in targets:
            shape = targets[name]
            wanted = tuple(shape[i] for i in _inverse(layout.axes(name, len(shape))))
        status: Status
        if wanted is None:
            status = "ignored" if layout.ignores(name) else "unexpected"
        elif given is None:
            status = "missing"
        elif given != wanted:
            status = "wrong shape"
        else:
            status = _status_of(source[name])
        rows.append(Row(name, status, given, wanted))
    return rows


def _status_of(array: np.ndarray) -> Status:
    """Return the status of an array of the right shape."""
    if np.iscomplexobj(array):
        return "complex"
    with np.errstate(over="ignore"):
        if np.isfinite(array.astype(np.float32)).all():
            return "used"
    return "too large" if np.isfinite(array.astype(np.float64)).all() else "not finite"


_EXPLANATION: dict[Status, str] = {
    "missing": "{0.name}: missing from the file (expected shape {0.target_shape})",
    "unexpected": "{0.name}: not part of this network (shape {0.source_shape})",
    "wrong shape": "{0.name}: shape {0.source_shape}, but this network needs {0.target_shape}",
    "complex": "{0.name}: has complex numbers, and this network real ones",
    "not finite": "{0.name}: contains NaN or infinity",
    "too large": "{0.name}: has numbers too large for float32",
}


def problems(rows: list[Row]) -> list[str]:
    """Return one sentence for each fault; empty if everything fits."""
    return [_EXPLANATION[row.status].format(row) for row in rows if row.status in FAULTS]


def from_torch(
    source: Mapping[str, np.ndarray], targets: Mapping[str, tuple[int, ...]], layout: TorchLayout
) -> dict[str, np.ndarray]:
    """Convert PyTorch's state dict to our layout, in float32; for the arguments see `account`.

    Raises:
      StateDictError: if a key is missing or unexpected, or its array has a wrong shape or is not finite. The
        message lists all of them.
    """
    faults = problems(account(source, targets, layout))
    if faults:
        raise StateDictError("\n".join(faults))
    return {
        name: _contiguous(source[name].astype(np.float32), layout.axes(name, len(targets[name])))
        for name in targets
    }


def to_torch(arrays: Mapping[str, np.ndarray], layout: TorchLayout) -> dict[str, np.ndarray]:
    """Convert our arrays to PyTorch's layout: the inverse of `from_torch`, without ignored keys."""
    return {
        name: _contiguous(array, _inverse(layout.axes(name, np.ndim(array))))
        for name, array in arrays.items()
    }
