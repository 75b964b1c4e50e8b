"""Count the instruction bundles of operations without an estimate: the origin of `profiling/aot/bundles.py`.

    python -m benchmarks.bundles_tpu [TOPOLOGY [CASE ...]]

Needs libtpu's compiler (`pip install '.[tpu]'`) and no TPU. A TPU core runs at most one bundle a
cycle. So the count is a lower bound of the cycles. The compiler writes its final schedule of each operation
into a text file. A loop there states its end, and its body counts as often as it runs. Branches that skip
code count as not taken, with one exception. A scatter adds blocks of rows to a part of the table, and writes
this part when the next row lies in another one. These bundles count once for each part. A loop over all rows
of a plane clears it, and runs in the first program of a kernel's grid alone.
"""

import functools
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

DUMP = Path(tempfile.mkdtemp(prefix="bundles-"))
os.environ["LIBTPU_INIT_ARGS"] = (
    f"--xla_jf_dump_to={DUMP} --xla_jf_dump_llo_text=true --xla_jf_dump_llo_pass_label_regex=final"
)

import jax  # noqa: E402 - the compiler reads its settings when it is loaded
import jax.numpy as jnp  # noqa: E402
from jax import lax  # noqa: E402

from eg3d_flax import fused_kernels  # noqa: E402
from jaxunlearn.profiling.aot import topology  # noqa: E402

_BUNDLE = re.compile(r"^ *(0x[0-9a-f]+|0) ")
_START = re.compile(r"Start region (\d+)")
_BACK = re.compile(r"sbr\.rel \(!%(\w+)\) target = \$region(\d+)")
_STAGE = re.compile(r"iteration index, stage = (\d)")


class Loop(NamedTuple):
    """A loop of a schedule.

    Attributes:
      first, last: places of its first and last bundle.
      trips: number of runs of the body; None if data decide.
      rare: number of bundles in its body that the predicate of its end skips.
    """

    first: int
    last: int
    trips: int | None
    rare: int


def loops(bundles: list[str]) -> Iterator[Loop]:
    """Yield the loops of a schedule, given as its bundles in order."""
    for first, head in enumerate(bundles):
        if "LB:" not in head:
            continue
        regions = set(_START.findall(head))
        for last in range(first, len(bundles)):
            back = _BACK.search(bundles[last])
            if back and back[2] in regions:
                break
        else:
            continue
        body = "\n".join(bundles[first : last + 1])
        limit = re.search(rf"%{back[1]} = scmp\.ge\.s32\.totalorder %\w+, (\d+)", body)
        stage = max((int(found) for found in _STAGE.findall(body)), default=0)
        skips = [i for i in range(first, last) if f"sbr.rel (%{back[1]})" in bundles[i]]
        rare = last - 1 - skips[-1] if skips else 0
        yield Loop(first, last, int(limit[1]) - stage if limit else None, rare)


def count(text: str) -> tuple[int, int]:
    """Count the bundles that run.

    Args:
      text: a schedule, `*-final_bundles.txt`.

    Returns:
      Bundles with the turns of all loops, and the bundles that write one part of a scatter's table (else 0).
    """
    bundles = [line for line in text.splitlines() if _BUNDLE.match(line)]
    runs, rare = [1] * len(bundles), 0
    for loop in loops(bundles):
        for place in range(loop.first, loop.last + 1):
            runs[place] = SMALL if loop.trips == SMALL else runs[place] * (loop.trips or 1)
        if loop.rare:
            rare += loop.rare
            for place in range(loop.last - loop.rare, loop.last):
                runs[place] = 0
    return sum(runs), rare


def shape(*sides: int, dtype: Any = jnp.bfloat16) -> jax.ShapeDtypeStruct:
    """Return the shape of an argument; `main` places it."""
    return jax.ShapeDtypeStruct(sides, dtype)


def gather(table: jax.Array, rows: jax.Array) -> jax.Array:
    """Rows `[M]` of a table `[T, C]`."""
    return table.at[rows].get(mode="promise_in_bounds")


def scatter(updates: jax.Array, rows: jax.Array, count: int) -> jax.Array:
    """Updates `[M, C]` added to rows `[M]` of a table of zeros."""
    table = jnp.zeros((count, updates.shape[1]), updates.dtype)
    return table.at[rows].add(updates, mode="promise_in_bounds")


def take(values: jax.Array, places: jax.Array) -> jax.Array:
    """Numbers of the last axis."""
    return jnp.take_along_axis(values, places, axis=-1)


def place(values: jax.Array, places: jax.Array) -> jax.Array:
    """Numbers put at their places along the last axis, each place taken once."""
    flat = places.reshape(-1, places.shape[-1])
    rows = jnp.zeros_like(flat).at[jnp.arange(len(flat))[:, None], flat]
    return rows.set(values.reshape(flat.shape), unique_indices=True, mode="promise_in_bounds")


def ordered(keys: jax.Array) -> Any:
    """Keys in order along the last axis, and their places."""
    return lax.sort((keys, lax.broadcasted_iota(jnp.int32, keys.shape, keys.ndim - 1)), num_keys=1)


def ordered_twice(keys: jax.Array) -> Any:
    """As `ordered`, with the places twice."""
    places = lax.broadcasted_iota(jnp.int32, keys.shape, keys.ndim - 1)
    return lax.sort((keys, places, places + 1), num_keys=1)


def columns(points: jax.Array) -> jax.Array:
    """Two of three coordinates, as `planes.project_onto_planes` takes them."""
    return jnp.stack([points[..., list(axes)] for axes in ((0, 1), (0, 2), (2, 0))], axis=1)


SMALL, LARGE = 66_049, 990_735
"""Rows of one plane (257²), which fits a core's memory; and of three planes of five images, which do not."""


def _scatter_case(rows: int, table: int, dtype: Any = jnp.bfloat16) -> tuple[Callable[..., Any], Any]:
    return lambda updates, at: scatter(updates, at, table), (
        shape(rows, 128, dtype=dtype),
        shape(rows, dtype=jnp.int32),
    )


TILES, PLANES = 384, 2
"""Of the kernels of `fused_points`: 196,608 points, 4,096 rays of an image, in two merged planes."""

_TILED = shape(TILES, PLANES, fused_kernels.TILE // 128, 128, dtype=jnp.int32)
_OF_POINTS = functools.partial(shape, dtype=jnp.float32)
_POINTS = TILES * fused_kernels.TILE
_LAYERS = (shape(64, 128), _OF_POINTS(64, 1), shape(33, 64), _OF_POINTS(33, 1))


def fused(tables: Any, rows: jax.Array, corners: jax.Array, layers: Any) -> Any:
    """Points from texels to the decoder's output."""
    return fused_kernels.decode(tables, rows, corners, fused_kernels.Layers(*layers), interpret=False)


def fused_gradient(rows: jax.Array, corners: jax.Array, g: jax.Array, hidden: jax.Array, layers: Any) -> Any:
    """Gradient of `fused` with respect to its tables."""
    made = fused_kernels.Layers(*layers)
    return fused_kernels.decode_gradient(rows, corners, g, hidden, made, SMALL, interpret=False)


CASES: dict[str, tuple[Callable[..., Any], Any]] = {
    "gather, near": (gather, (shape(SMALL, 128), shape(49_152, dtype=jnp.int32))),
    "gather, near, float32": (
        gather,
        (shape(SMALL, 128, dtype=jnp.float32), shape(49_152, dtype=jnp.int32)),
    ),
    "gather, far": (gather, (shape(LARGE, 128), shape(737_280, dtype=jnp.int32))),
    "gather, far, float32": (
        gather,
        (shape(LARGE, 128, dtype=jnp.float32), shape(737_280, dtype=jnp.int32)),
    ),
    "numbers, 96": (take, (shape(5, 1024, 96, dtype=jnp.float32), shape(5, 1024, 96, dtype=jnp.int32))),
    "numbers, 48": (take, (shape(5, 1024, 49, dtype=jnp.float32), shape(5, 1024, 48, dtype=jnp.int32))),
    "sort, 96 x 5120": (ordered, (shape(5, 1024, 96, dtype=jnp.float32),)),
    "sort of three, 96 x 5120": (ordered_twice, (shape(5, 1024, 96, dtype=jnp.float32),)),
    "columns": (columns, (shape(5, 49_152, 3, dtype=jnp.float32),)),
    "sort, 49152": (ordered, (shape(49_152, dtype=jnp.int32),)),
    "sort, 737280": (ordered, (shape(737_280, dtype=jnp.int32),)),
    "scatter, near": _scatter_case(49_152, SMALL),
    "scatter, near, float32": _scatter_case(49_152, SMALL, jnp.float32),
    "scatter of numbers": (
        place,
        (shape(5, 1024, 96, dtype=jnp.int32), shape(5, 1024, 96, dtype=jnp.int32)),
    ),
    "scatter, far": _scatter_case(737_280, LARGE),
    "scatter, far, float32": _scatter_case(737_280, LARGE, jnp.float32),
    "fused points": (
        fused,
        ((_OF_POINTS(SMALL, 1, 128),) * PLANES, _TILED, _OF_POINTS(PLANES, 4, _POINTS), _LAYERS),
    ),
    "fused points, gradient": (
        fused_gradient,
        (_TILED, _OF_POINTS(PLANES, 4, _POINTS), _OF_POINTS(33, _POINTS), shape(64, _POINTS), _LAYERS),
    ),
}


def main() -> None:
    """Compile each case, and print the bundles of each of its operations."""
    name, *wanted = sys.argv[1:] or ["v5e:1x1"]
    there = jax.sharding.SingleDeviceSharding(topology.find(name).devices[0])
    print("| case | operation | bundles | to write a part of the table |\n| --- | --- | --- | --- |")
    for case in wanted or CASES:
        function, arguments = CASES[case]
        placed = jax.tree.map(lambda a: jax.ShapeDtypeStruct(a.shape, a.dtype, sharding=there), arguments)
        known = set(DUMP.iterdir())
        jax.jit(function).lower(*placed).compile()
        for file in sorted(set(DUMP.iterdir()) - known):
            operation = re.search(r"\d+-([^<>]+?)-\d+-final_bundles", file.name)
            if operation and operation[1] != "TLP":
                bundles, rare = count(file.read_text())
                print(f"| {case} | {operation[1]} | {bundles:,} | {rare or ''} |", flush=True)


if __name__ == "__main__":
    main()
