"""The two Pallas kernels of `fused_points`, for TPUs: from texels to the decoder's output, and back.

A kernel holds whole planes in the core's own memory. It fetches a point's four texels as one row, at an
address from the scalar memory. Then points lie along the 128 lanes. A program of the grid handles `TILE`
points.

`P` planes, `N` texels of a plane, `M` points, `C` channels, `H` hidden channels, `O` outputs.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.experimental import pallas as pl
from jax.experimental.pallas import tpu as pltpu

LANES = 128
TILE = 512
"""Points of one program of the grid, a multiple of `LANES`."""

Tables = tuple[jax.Array, ...]
"""P planes `[N, 1, 4 C]` float32, with the four texels around each place."""


class Layers(NamedTuple):
    """The decoder's layers for points that lie along the lanes; weights have the dtype of the products."""

    first: jax.Array
    """`[H, 4 C]`, adds up four corners and averages three planes."""

    first_bias: jax.Array
    """`[H, 1]` float32."""

    second: jax.Array
    """`[O, H]`."""

    second_bias: jax.Array
    """`[O, 1]` float32."""


_SPARE = 16 * 2**20
"""Bytes of a core's memory for all but the planes."""

_ROWS, _COLUMNS = 0, 1


def _product(a: jax.Array, b: jax.Array, axes: tuple[int, int]) -> jax.Array:
    """Multiply two matrices in their dtype and add up in float32, over one axis of each."""
    exact = a.dtype == jnp.float32
    return lax.dot_general(
        a,
        b,
        ((axes[:1], axes[1:]), ((), ())),
        precision=lax.Precision.HIGHEST if exact else lax.Precision.DEFAULT,
        preferred_element_type=jnp.float32,
    )


def _spread(weights: jax.Array, lanes: int, dtype: Any) -> jax.Array:
    """Repeat corners' weights `[4, TILE]` for the channels of each corner: `[TILE, lanes]`."""
    channels = lanes // 4
    first = channels * lax.broadcasted_iota(jnp.int32, (4, lanes), 0)
    lane = lax.broadcasted_iota(jnp.int32, (4, lanes), 1)
    ones = (lane >= first) & (lane < first + channels)
    return _product(weights.astype(dtype), ones.astype(jnp.float32).astype(dtype), (_ROWS, _ROWS))


def _for_all_points(do: Callable[[Any, Any], None], *, interpret: bool) -> None:
    """Call `do` with the block and the lane of each point of a tile.

    The loop over lanes is unrolled, so that addresses in the scalar memory need no arithmetic. Interpreted,
    that would only take long to compile.
    """

    def of_block(block: jax.Array, _: None) -> None:
        lax.fori_loop(0, LANES, lambda lane, _: do(block, lane), None, unroll=not interpret)

    lax.fori_loop(0, TILE // LANES, of_block, None)


def _decode_kernel(*refs: Any, planes: int, interpret: bool) -> None:
    index, corners, *tables = refs[: 2 + planes]
    first, first_bias, second, second_bias, hidden, out, rows = refs[2 + planes :]
    dtype, lanes = first.dtype, rows.shape[-1]
    features = jnp.zeros((TILE, lanes), jnp.float32)
    for plane, table in enumerate(tables):

        def fetch(block: Any, lane: Any, plane: int = plane, table: Any = table) -> None:
            rows[pl.ds(block * LANES + lane, 1), :] = table[index[0, plane, block, lane]]

        _for_all_points(fetch, interpret=interpret)
        features += rows[...] * _spread(corners[plane], lanes, dtype)
    before = _product(first[...], features.astype(dtype), (_COLUMNS, _COLUMNS)) + first_bias[...]
    hidden[...] = before.astype(dtype)
    activated = jax.nn.softplus(before).astype(dtype)
    out[...] = _product(second[...], activated, (_COLUMNS, _ROWS)) + second_bias[...]


def _gradient_kernel(*refs: Any, planes: int, interpret: bool) -> None:
    index, corners, g_out, hidden, first, second = refs[:6]
    *tables, rows = refs[6:]
    dtype, lanes = first.dtype, rows.shape[-1]

    @pl.when(pl.program_id(0) == 0)
    def _() -> None:
        def clear(row: jax.Array, _: None) -> None:
            for table in tables:
                table[row] = jnp.zeros((1, lanes), jnp.float32)

        lax.fori_loop(0, tables[0].shape[0], clear, None)

    slope = jax.nn.sigmoid(hidden[...].astype(jnp.float32))
    g_hidden = _product(second[...], g_out[...].astype(dtype), (_ROWS, _ROWS)) * slope
    g_features = _product(g_hidden.astype(dtype), first[...], (_ROWS, _ROWS))
    for plane in range(planes):
        rows[plane] = g_features * _spread(corners[plane], lanes, dtype)

    def add(block: Any, lane: Any) -> None:
        # Planes take turns: while a row of one is written, a row of another is read.
        for plane, table in enumerate(tables):
            row = index[0, plane, block, lane]
            table[row] = table[row] + rows[plane, pl.ds(block * LANES + lane, 1), :]

    _for_all_points(add, interpret=interpret)


def _whole(*shape: int) -> pl.BlockSpec:
    return pl.BlockSpec(shape, lambda tile: (0,) * len(shape))


def _of_points(*shape: int) -> pl.BlockSpec:
    return pl.BlockSpec((*shape, TILE), lambda tile: (*(0,) * len(shape), tile))


def _table(rows: int, lanes: int) -> pl.BlockSpec:
    """A plane that stays in the core's memory, with one copy of it instead of two."""
    return pl.BlockSpec((rows, 1, lanes), lambda tile: (0, 0, 0), pipeline_mode=pl.Buffered(1))


def _index(planes: int) -> pl.BlockSpec:
    return pl.BlockSpec(
        (1, planes, TILE // LANES, LANES), lambda tile: (tile, 0, 0, 0), memory_space=pltpu.SMEM
    )


def _memory(planes: int, rows: int) -> pltpu.CompilerParams:
    return pltpu.CompilerParams(vmem_limit_bytes=planes * rows * LANES * 4 + _SPARE)


def decode(
    tables: Tables,
    index: jax.Array,
    corners: jax.Array,
    layers: Layers,
    *,
    interpret: bool,
) -> tuple[jax.Array, jax.Array]:
    """Look points up in planes and decode them.

    Args:
      tables: what is looked up.
      index: `[M / TILE, P, TILE / LANES, LANES]` int32, rows of the planes.
      corners: `[P, 4, M]` float32, weights of the four texels.
      layers: of the decoder.
      interpret: True runs it without a TPU, slowly.

    Returns:
      `[H, M]` before softplus in the dtype of the products, and `[O, M]` float32.
    """
    planes, count = len(tables), corners.shape[-1]
    (rows, _, lanes), hidden, out = tables[0].shape, len(layers.first), len(layers.second)
    return pl.pallas_call(
        functools.partial(_decode_kernel, planes=planes, interpret=interpret),
        grid=(count // TILE,),
        in_specs=[
            _index(planes),
            _of_points(planes, 4),
            *[_table(rows, lanes)] * planes,
            *[_whole(*layer.shape) for layer in layers],
        ],
        out_specs=[_of_points(hidden), _of_points(out)],
        out_shape=[
            jax.ShapeDtypeStruct((hidden, count), layers.first.dtype),
            jax.ShapeDtypeStruct((out, count), jnp.float32),
        ],
        scratch_shapes=[pltpu.VMEM((TILE, lanes), jnp.float32)],
        compiler_params=_memory(planes, rows),
        interpret=interpret,
        name="fused_points",
    )(index, corners, *tables, *layers)


def decode_gradient(
    index: jax.Array,
    corners: jax.Array,
    g_out: jax.Array,
    hidden: jax.Array,
    layers: Layers,
    rows: int,
    *,
    interpret: bool,
) -> list[jax.Array]:
    """Return the gradient of `decode` with respect to its tables, added up in float32.

    Args:
      index: as for `decode`.
      corners: as for `decode`.
      g_out: `[O, M]` float32, gradient of its output.
      hidden: `[H, M]`, its first result.
      layers: as for `decode`.
      rows: N.
      interpret: True runs it without a TPU, slowly.

    Returns:
      P arrays `[N, 1, 4 C]` float32.
    """
    first, second = layers.first, layers.second
    planes, lanes = corners.shape[0], first.shape[1]
    return pl.pallas_call(
        functools.partial(_gradient_kernel, planes=planes, interpret=interpret),
        grid=(g_out.shape[-1] // TILE,),
        in_specs=[
            _index(planes),
            _of_points(planes, 4),
            _of_points(g_out.shape[0]),
            _of_points(hidden.shape[0]),
            _whole(*first.shape),
            _whole(*second.shape),
        ],
        out_specs=[_table(rows, lanes)] * planes,
        out_shape=[jax.ShapeDtypeStruct((rows, 1, lanes), jnp.float32)] * planes,
        scratch_shapes=[pltpu.VMEM((planes, TILE, lanes), jnp.float32)],
        compiler_params=_memory(planes, rows),
        interpret=interpret,
        name="fused_points_gradient",
    )(index, corners, g_out, hidden, first, second)
