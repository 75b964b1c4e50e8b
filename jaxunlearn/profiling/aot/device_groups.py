"""Read which devices exchange with each other, from the text of an instruction in XLA's HLO.

XLA writes groups in three forms: every place listed, `{{0,1},{2,3}}`; a grid of places that is reordered and
read row by row, `[2,2]<=[2,2]T(1,0)`; and, since JAX 0.11, axes of a mesh, `mesh['identity'=2,'sample'=2]
{'sample'}`.
"""

import math
import re
from collections.abc import Sequence

import numpy as np

Groups = tuple[tuple[int, ...], ...]
"""Groups of devices, as places in the mesh, row by row; empty if all exchange with all."""

_PAIRS = re.compile(r"source_target_pairs=(\{\{.*?\}\})")
_LISTED = re.compile(r"replica_groups=(\{\{.*?\}\})")
_GRID = re.compile(r"replica_groups=\[([\d,]+)\]<=\[([\d,]+)\](?:T\(([\d,]+)\))?")
_MESH = re.compile(r"replica_groups=mesh\[([^\]]*)\] \{([^}]*)\}")
_AXIS = re.compile(r"'([^']*)'(?:=(\d+)|:\((\d+)\)(\d+))?")


def device_groups(rest: str) -> Groups:
    """Return the groups of devices that exchange.

    Args:
      rest: of the instruction, see `hlo.Instruction`.
    """
    if match := _PAIRS.search(rest) or _LISTED.search(rest):
        rows = re.findall(r"\{([\d,\s]*)\}", match[1][1:-1])
        return tuple(tuple(_numbers(row)) for row in rows)
    if match := _GRID.search(rest):
        shape, sides, order = (_numbers(part or "") for part in match.groups())
        grid = np.arange(math.prod(sides)).reshape(sides)
        return _rows((grid.transpose(order) if order else grid).reshape(shape[0], -1))
    if match := _MESH.search(rest):
        return _along_axes(*match.groups())
    return ()


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",") if number.strip()]


def _rows(grid: np.ndarray) -> Groups:
    return tuple(tuple(row) for row in grid.tolist())


def _along_axes(mesh: str, along: str) -> Groups:
    """Return the groups that differ in some axes of a mesh only.

    Args:
      mesh: names and sizes of its axes, `'a'=2,'b'=8`.
      along: the axes; or the middle side of an axis' places as a grid of three sides, `'b':(2)4`: 2, 4, and
        what is left.
    """
    sizes = {name: int(size) for name, size, _, _ in _AXIS.findall(mesh)}
    grid = np.arange(math.prod(sizes.values())).reshape(tuple(sizes.values()))
    places = dict(zip(sizes, np.indices(grid.shape), strict=True))
    for name, _, before, size in _AXIS.findall(along):
        count = int(size or sizes[name])
        after = sizes[name] // (int(before or 1) * count)
        places[name] = places[name] - places[name] // after % count * after
    _, group = np.unique(np.stack([*places.values()]).reshape(len(sizes), -1), axis=1, return_inverse=True)
    return tuple(tuple(np.flatnonzero(group == number).tolist()) for number in range(group.max() + 1))


def axis_of(groups: Sequence[Sequence[int]], sample: int) -> str:
    """Return the mesh axis along which groups of devices lie.

    Args:
      groups: see `Groups`.
      sample: devices in a row of the mesh.

    Returns:
      "identity", "sample" or "both".
    """
    rows = all(len({place // sample for place in group}) <= 1 for group in groups)
    columns = all(len({place % sample for place in group}) <= 1 for group in groups)
    if not groups or not (rows or columns):
        return "both"
    return "sample" if rows else "identity"
