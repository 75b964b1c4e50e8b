"""Look up features of points in three axis-aligned planes.

`B` batch, `M` points, `C` channels; planes are `[B, 3, H, W, C]`. `P` planes that are looked up.
"""

from collections.abc import Iterable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from einops import rearrange
from jax import lax
from jax.scipy.ndimage import map_coordinates

from eg3d_flax.compute import DEFAULT, Compute
from eg3d_flax.config import PlaneAxes

# World axes along a plane's columns and along its rows. EG3D's third plane is the transposed second plane:
# there is no YZ plane, and all released generators were trained in this way.
PROJECTIONS: dict[PlaneAxes, tuple[tuple[int, int], ...]] = {
    "eg3d": ((0, 1), (0, 2), (2, 0)),
    "fixed": ((0, 1), (0, 2), (2, 1)),
}


def project_onto_planes(coordinates: jax.Array, plane_axes: PlaneAxes = "eg3d") -> jax.Array:
    """Project points `[B, M, 3]` to (column, row) coordinates on each plane, `[B, 3, M, 2]`."""
    x_y_z = [coordinates[..., axis] for axis in range(3)]  # a list of axes as an index would be a gather
    projected = [jnp.stack([x_y_z[axis] for axis in axes], axis=-1) for axes in PROJECTIONS[plane_axes]]
    return jnp.stack(projected, axis=1)


class _Corners(NamedTuple):
    """Bilinear interpolation of `M` points in one plane."""

    row: jax.Array  # [M] texel above, at least -1 and less than H
    column: jax.Array  # [M] texel to the left, at least -1 and less than W
    weights: jax.Array  # [M, 4] of the texels (0, 0), (0, 1), (1, 0), (1, 1); 0 for points outside


def _corners(uv: jax.Array, height: int, width: int) -> _Corners:
    """Locate points with coordinates in [-1, 1], as `grid_sample(align_corners=False)`."""
    x = ((uv[..., 0] + 1) * width - 1) / 2
    y = ((uv[..., 1] + 1) * height - 1) / 2
    left, top = jnp.floor(x), jnp.floor(y)
    dx, dy = x - left, y - top
    inside = (left >= -1) & (left < width) & (top >= -1) & (top < height)
    weights = jnp.stack([(1 - dy) * (1 - dx), (1 - dy) * dx, dy * (1 - dx), dy * dx], axis=-1)
    return _Corners(
        row=jnp.clip(top, -1, height - 1).astype(jnp.int32),
        column=jnp.clip(left, -1, width - 1).astype(jnp.int32),
        weights=jnp.where(inside[..., None], weights, 0.0),
    )


class Texels(NamedTuple):
    """Planes, rearranged for the lookup."""

    values: jax.Array
    """`[B, P, H', W', ...]` of `compute.dtype`: what is looked up."""

    exact: jax.Array | None
    """The same in float32, for the gradient alone; None where `values` are float32."""


@jax.named_scope("lookup")
def merge_planes(planes: jax.Array, plane_axes: PlaneAxes = "eg3d") -> jax.Array:
    """Add planes that look at the same two world axes; the sum of all features stays the same.

    EG3D's third plane is looked up at (z, x), its second at (x, z). So the third, transposed, can be added to
    the second, and a point needs two lookups instead of three.

    Args:
      planes: `[B, 3, H, W, C]`.
      plane_axes: axes of the planes, see `GeneratorConfig.plane_axes`.

    Returns:
      `[B, 2, H, W, C]` for "eg3d" with square planes, else `planes`.
    """
    if plane_axes != "eg3d" or planes.shape[2] != planes.shape[3]:
        return planes
    return jnp.stack([planes[:, 0], planes[:, 1] + jnp.swapaxes(planes[:, 2], 1, 2)], axis=1)


@jax.named_scope("lookup")
def make_texels(planes: jax.Array, compute: Compute = DEFAULT) -> Texels:
    """Rearrange planes for the lookup; the result serves any number of points.

    Args:
      planes: `[B, P, H, W, C]`.
      compute: dtype and form.

    Returns:
      For the form "corners": `[B, P, H + 2, W + 2, C]`. For the others: `[B, P, H + 1, W + 1, 4 C]`, the four
      texels around each place. For `compute.fused`: the latter in float32.
    """
    # Points in the outermost half texel are interpolated with zeros.
    padded = jnp.pad(planes, ((0, 0), (0, 0), (1, 1), (1, 1), (0, 0)))
    if compute.lookup == "corners" and not compute.fused:
        exact = padded
    else:
        height, width = planes.shape[2:4]
        corners = [padded[:, :, i : i + height + 1, j : j + width + 1] for i in (0, 1) for j in (0, 1)]
        exact = jnp.concatenate(corners, axis=-1)
    if compute.fused:
        return Texels(exact.astype(jnp.float32), None)
    if jnp.dtype(compute.dtype).itemsize >= exact.dtype.itemsize:
        return Texels(exact.astype(compute.dtype), None)
    return Texels(lax.stop_gradient(exact).astype(compute.dtype), exact)


@jax.custom_vjp
def _rounded_rows(exact: jax.Array, values: jax.Array, index: jax.Array) -> jax.Array:
    """Return rows `index` of the rounded `values`; the gradient goes to `exact` and is added in float32.

    Thousands of points share a texel. Sums of so many numbers lose their small terms in bfloat16.
    """
    del exact
    return values.at[index].get(mode="promise_in_bounds")


def _rounded_rows_forward(
    exact: jax.Array, values: jax.Array, index: jax.Array
) -> tuple[jax.Array, tuple[jax.Array, int]]:
    return _rounded_rows(exact, values, index), (index, exact.shape[0])


def _rounded_rows_backward(saved: tuple[jax.Array, int], g: jax.Array) -> tuple[jax.Array, None, None]:
    index, rows = saved
    zeros = jnp.zeros((rows, g.shape[-1]), jnp.float32)
    return zeros.at[index].add(g.astype(jnp.float32), mode="promise_in_bounds"), None, None


_rounded_rows.defvjp(_rounded_rows_forward, _rounded_rows_backward)


def _rows(texels: Texels, index: jax.Array) -> jax.Array:
    """Return the texels `[M, C]` of one plane `[H', W', C]` at places `[M]`, counted row by row."""
    values = rearrange(texels.values, "h w c -> (h w) c")
    if texels.exact is None:
        return values.at[index].get(mode="promise_in_bounds")
    return _rounded_rows(rearrange(texels.exact, "h w c -> (h w) c"), values, index)


def _weighted(texels: Iterable[jax.Array], weights: jax.Array) -> jax.Array:
    """Add four corners' texels `[M, C]`, weighted; on CPU ten times as fast as a sum over an axis."""
    return sum(  # type: ignore[return-value]
        texel * weights[:, i, None].astype(texel.dtype) for i, texel in enumerate(texels)
    )


def _lookup_corners(texels: Texels, uv: jax.Array) -> jax.Array:
    """Look up `[H + 2, W + 2, C]` at places `[M, 2]`, with one gather per corner; returns `[M, C]`."""
    height, width, _ = texels.values.shape
    corners = _corners(uv, height - 2, width - 2)
    first = (corners.row + 1) * width + corners.column + 1
    return _weighted((_rows(texels, first + step) for step in (0, 1, width, width + 1)), corners.weights)


class Places(NamedTuple):
    """Where points lie among the packed texels of each plane."""

    row: jax.Array
    """`[..., M]` int32, place of the four texels around a point, counted row by row."""

    weights: jax.Array
    """`[..., M, 4]` float32, of the four texels; 0 for points outside."""


def _places(uv: jax.Array, height: int, width: int) -> Places:
    """Locate points with coordinates `[..., M, 2]` in packed texels `[height, width, 4 C]`."""
    corners = _corners(uv, height - 1, width - 1)
    return Places((corners.row + 1) * width + corners.column + 1, corners.weights)


def _four_texels(texels: Texels, uv: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Gather the four texels `[M, 4 C]` around places `[M, 2]` from `[H + 1, W + 1, 4 C]`, with weights."""
    places = _places(uv, *texels.values.shape[:2])
    return _rows(texels, places.row), places.weights


def _lookup_packed(texels: Texels, uv: jax.Array) -> jax.Array:
    """Look up `[H + 1, W + 1, 4 C]` at places `[M, 2]`, with one gather of four texels; returns `[M, C]`."""
    rows, weights = _four_texels(texels, uv)
    return _weighted(jnp.split(rows, 4, axis=-1), weights)


def _lookup_lanes(texels: Texels, uv: jax.Array) -> jax.Array:
    """Look up as `_lookup_packed`, but leave the weighted texels side by side; returns `[M, 4 C]`."""
    rows, weights = _four_texels(texels, uv)
    # A product spreads the weights; repeating them would move data between lanes.
    spread = jnp.asarray(np.kron(np.eye(4), np.ones((1, rows.shape[-1] // 4))), rows.dtype)
    return rows * (weights.astype(rows.dtype) @ spread)


_LOOKUPS = {"corners": _lookup_corners, "packed": _lookup_packed, "lanes": _lookup_lanes}


@jax.named_scope("lookup")
def sample_from_texels(
    texels: Texels,
    coordinates: jax.Array,
    *,
    box_warp: float,
    plane_axes: PlaneAxes = "eg3d",
    compute: Compute = DEFAULT,
) -> jax.Array:
    """Return the features `[B, P, M, C]` of `sample_from_planes`; for the form "lanes" `[B, P, M, 4 C]`.

    Args:
      texels: of `make_texels` for the same `compute`, of all planes or of those of `merge_planes`.
      coordinates: `[B, M, 3]` in world units.
      box_warp: side of the planes' cube in world units.
      plane_axes: axes of the planes.
      compute: dtype and form.
    """
    uv = project_onto_planes(coordinates * (2 / box_warp), plane_axes)[:, : texels.values.shape[1]]
    return jax.vmap(jax.vmap(_LOOKUPS[compute.lookup]))(texels, uv)


@jax.named_scope("lookup")
def places_of(
    texels: Texels, coordinates: jax.Array, *, box_warp: float, plane_axes: PlaneAxes = "eg3d"
) -> Places:
    """Locate points `[B, M, 3]` in packed texels, as `[B, P, M]`; arguments as for `sample_from_texels`."""
    planes, height, width = texels.values.shape[1:4]
    uv = project_onto_planes(coordinates * (2 / box_warp), plane_axes)[:, :planes]
    return _places(uv, height, width)


def sum_of_corners(features: jax.Array, channels: int) -> jax.Array:
    """Add up features `[..., 4 C]` of the form "lanes" to `[..., C]`; those of other forms stay."""
    if features.shape[-1] == channels:
        return features
    return jnp.sum(rearrange(features, "... (corner c) -> ... corner c", corner=4), axis=-2)


def sample_from_planes(
    planes: jax.Array,
    coordinates: jax.Array,
    *,
    box_warp: float,
    plane_axes: PlaneAxes = "eg3d",
    compute: Compute = DEFAULT,
) -> jax.Array:
    """Return bilinearly interpolated features of points on each plane; zero outside of the planes.

    Args:
      planes: `[B, 3, H, W, C]`.
      coordinates: `[B, M, 3]` in world units.
      box_warp: side of the planes' cube in world units.
      plane_axes: axes of the planes, see `GeneratorConfig.plane_axes`.
      compute: `compute.lookup` chooses between equal forms; features have `compute.dtype`.

    Returns:
      `[B, 3, M, C]`.
    """
    texels = make_texels(planes, compute)
    features = sample_from_texels(
        texels, coordinates, box_warp=box_warp, plane_axes=plane_axes, compute=compute
    )
    return sum_of_corners(features, planes.shape[-1])


def sample_from_3dgrid(grid: jax.Array, coordinates: jax.Array) -> jax.Array:
    """Return trilinearly interpolated features of points in a dense grid; zero outside.

    Args:
      grid: `[1 or B, D, H, W, C]`.
      coordinates: `[B, M, 3]` in [-1, 1], x along W, y along H, z along D.

    Returns:
      `[B, M, C]`.
    """
    sizes = jnp.array(grid.shape[1:4])
    index = ((coordinates[..., ::-1] + 1) * sizes - 1) / 2

    def interpolate(volume: jax.Array, points: jax.Array) -> jax.Array:
        places = [points[:, i] for i in range(3)]
        return jax.vmap(lambda v: map_coordinates(v, places, order=1, mode="constant"), -1, -1)(volume)

    return jax.vmap(interpolate)(jnp.broadcast_to(grid, (coordinates.shape[0], *grid.shape[1:])), index)
