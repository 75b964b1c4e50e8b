"""Filter, resample and convolve images with channels last.

This module follows EG3D's `torch_utils.ops.upfirdn2d` and `torch_utils.ops.conv2d_resample`. `B` batch, `H`
height, `W` width, `I` input channels, `O` output channels.
"""

import dataclasses
import functools
from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from einops import rearrange
from jax import lax

from eg3d_flax.compute import DEFAULT, Compute

Filter = np.ndarray
"""`[taps_y, taps_x]`, or `[taps]` for a filter that is applied along x and then along y."""

Padding = int | Sequence[int]
"""One number, `(x, y)`, or `(x before, x after, y before, y after)`; negative numbers crop."""


def setup_filter(taps: Sequence[float]) -> Filter:
    """Normalise filter taps to the sum 1.

    Fewer than eight taps become their 2-D outer product. Eight or more stay 1-D and are applied along each
    axis.
    """
    one_dimensional = np.asarray(taps, np.float32)
    if one_dimensional.ndim == 1 and one_dimensional.size < 8:
        filter_2d = np.outer(one_dimensional, one_dimensional)
        return filter_2d / filter_2d.sum()
    return one_dimensional / one_dimensional.sum()


RESAMPLE_FILTER = setup_filter([1, 3, 3, 1])
"""The filter of all StyleGAN2 layers, `[4, 4]`."""


def _pair(value: int | Sequence[int]) -> tuple[int, int]:
    x, y = (value, value) if isinstance(value, int) else value
    return x, y


def _four(padding: Padding) -> tuple[int, int, int, int]:
    if not isinstance(padding, int) and len(padding) == 4:
        x0, x1, y0, y1 = padding
        return x0, x1, y0, y1
    x, y = _pair(padding)
    return x, x, y, y


def _shifted_sum(x: jax.Array, taps: tuple[float, ...], axis: int) -> jax.Array:
    """Correlate with `taps` along one axis, without padding."""
    length = x.shape[axis] - len(taps) + 1
    return sum(
        lax.slice_in_dim(x, k, k + length, axis=axis) * jnp.asarray(tap, x.dtype)
        for k, tap in enumerate(taps)
    )  # type: ignore[return-value]


@functools.partial(jax.custom_vjp, nondiff_argnums=(1, 2))
def _mirrored_sum(x: jax.Array, taps: tuple[float, ...], axis: int) -> jax.Array:
    """Do the same as `_shifted_sum`; the gradient is a filter, too."""
    return _shifted_sum(x, taps, axis)


def _mirrored_sum_forward(x: jax.Array, taps: tuple[float, ...], axis: int) -> tuple[jax.Array, None]:
    return _mirrored_sum(x, taps, axis), None


def _mirrored_sum_backward(taps: tuple[float, ...], axis: int, _: None, g: jax.Array) -> tuple[jax.Array]:
    config = [(0, 0, 0)] * g.ndim
    config[axis] = (len(taps) - 1, len(taps) - 1, 0)
    return (_mirrored_sum(lax.pad(g, jnp.zeros((), g.dtype), config), taps[::-1], axis),)


_mirrored_sum.defvjp(_mirrored_sum_forward, _mirrored_sum_backward)


def _separate(f: Filter) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the vertical and horizontal taps of a filter; None if it is not their product."""
    if f.ndim == 1:
        return f, f
    vertical, horizontal = f.sum(axis=1), f.sum(axis=0)
    product = np.outer(vertical, horizontal) / f.sum() if f.sum() else np.zeros_like(f)
    return (vertical, horizontal / f.sum()) if np.allclose(product, f, rtol=0, atol=1e-7) else None


def _depthwise(x: jax.Array, kernel: np.ndarray, down: tuple[int, int]) -> jax.Array:
    channels = x.shape[-1]
    weights = jnp.tile(jnp.asarray(kernel, x.dtype)[:, :, None, None], (1, 1, 1, channels))
    return lax.conv_general_dilated(
        x,
        weights,
        window_strides=(down[1], down[0]),
        padding="VALID",
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=channels,
    )


def _filter(x: jax.Array, f: Filter, down: tuple[int, int], compute: Compute) -> jax.Array:
    """Correlate every channel with `f` and keep every `down`-th pixel."""
    separated = _separate(f)
    if compute.filtering != "depthwise" and separated is not None:
        vertical, horizontal = (tuple(taps.tolist()) for taps in separated)

        def correlate(x: jax.Array, taps: tuple[float, ...], axis: int) -> jax.Array:
            form = _mirrored_sum if compute.filtering == "mirrored" else _shifted_sum
            return form(x, taps, axis)

        x = correlate(x, vertical, 1)[:, :: down[1]]
        return correlate(x, horizontal, 2)[:, :, :: down[0]]
    if f.ndim == 1:
        x = _depthwise(x, f[:, None], (1, down[1]))
        return _depthwise(x, f[None, :], (down[0], 1))
    return _depthwise(x, f, down)


def upfirdn2d(
    x: jax.Array,
    f: Filter | None,
    *,
    up: int | Sequence[int] = 1,
    down: int | Sequence[int] = 1,
    padding: Padding = 0,
    flip_filter: bool = False,
    gain: float = 1.0,
    compute: Compute = DEFAULT,
) -> jax.Array:
    """Upsample with zeros, pad or crop, filter, and decimate, in that order.

    Args:
      x: `[B, H, W, C]`.
      f: filter; None does not filter.
      up: factor by which the image grows by zeros after each pixel; `(x, y)` or one number.
      down: every `down`-th pixel is kept, starting with the first; `(x, y)` or one number.
      padding: in pixels of the upsampled image.
      flip_filter: False convolves, True correlates.
      gain: factor of the result.
      compute: form of the filter.

    Returns:
      `[B, H', W', C]` with `H' = (H * up + padding - taps + 1) / down`, rounded up.
    """
    up_x, up_y = _pair(up)
    x0, x1, y0, y1 = _four(padding)
    zero = jnp.zeros((), x.dtype)
    x = lax.pad(
        x,
        zero,
        ((0, 0, 0), (y0, y1 + up_y - 1, up_y - 1), (x0, x1 + up_x - 1, up_x - 1), (0, 0, 0)),
    )
    down_pair = _pair(down)
    if f is None:
        x = x[:, :: down_pair[1], :: down_pair[0]]
        return x * gain if gain != 1 else x
    kernel = f if flip_filter else np.flip(f)
    scale = np.float32(gain ** (0.5 if f.ndim == 1 else 1.0))
    return _filter(x, kernel * scale, down_pair, compute)


def filter2d(x: jax.Array, f: Filter, *, compute: Compute = DEFAULT) -> jax.Array:
    """Filter images `[B, H, W, C]` and keep their size."""
    before, after = f.shape[-1] // 2, (f.shape[-1] - 1) // 2
    return upfirdn2d(x, f, padding=(before, after, before, after), compute=compute)


def upsample2d(x: jax.Array, f: Filter, *, up: int = 2, compute: Compute = DEFAULT) -> jax.Array:
    """Enlarge images `[B, H, W, C]` by the factor `up` and keep their brightness.

    "mirrored" filters are "shifted" here: the zeros between an image's pixels would be in their gradient.
    """
    if compute.filtering == "mirrored":
        compute = dataclasses.replace(compute, filtering="shifted")
    before, after = (f.shape[-1] + up - 1) // 2, (f.shape[-1] - up) // 2
    padding = (before, after, before, after)
    return upfirdn2d(x, f, up=up, padding=padding, gain=up * up, compute=compute)


def downsample2d(x: jax.Array, f: Filter, *, down: int = 2, compute: Compute = DEFAULT) -> jax.Array:
    """Shrink images `[B, H, W, C]` by the factor `down` and keep their brightness."""
    before, after = (f.shape[-1] - down + 1) // 2, (f.shape[-1] - down) // 2
    return upfirdn2d(x, f, down=down, padding=(before, after, before, after), compute=compute)


def _convolve(
    x: jax.Array,
    weight: jax.Array,
    padding: tuple[tuple[int, int], tuple[int, int]],
    compute: Compute,
    *,
    stride: int = 1,
    up: int = 1,
    groups: int = 1,
) -> jax.Array:
    """Correlate; with `up`, the input gets `up - 1` zeros between its pixels."""
    if up > 1 and compute.dilation == "phases":
        return _convolve_in_phases(x, weight, padding, up=up, groups=groups)
    if up > 1 and compute.dilation == "mixed":
        return _convolve_mixed(x, weight, padding, up, groups)
    if any(side < 0 for pair in padding for side in pair) or (up > 1 and compute.dilation == "stuffed"):
        (y0, y1), (x0, x1) = padding
        config = ((0, 0, 0), (y0, y1, up - 1), (x0, x1, up - 1), (0, 0, 0))
        x, padding, up = lax.pad(x, jnp.zeros((), x.dtype), config), ((0, 0), (0, 0)), 1
    return lax.conv_general_dilated(
        x,
        weight,
        window_strides=(stride, stride),
        padding=padding,
        lhs_dilation=(up, up),
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=groups,
    )


_Sides = tuple[tuple[int, int], tuple[int, int]]


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3, 4))
def _convolve_mixed(x: jax.Array, weight: jax.Array, padding: _Sides, up: int, groups: int) -> jax.Array:
    """Convolve with `up` by dilation; the gradient of the weights is that of the phases."""
    return _convolve(x, weight, padding, Compute(dilation="dilated"), up=up, groups=groups)


def _convolve_mixed_forward(
    x: jax.Array, weight: jax.Array, padding: _Sides, up: int, groups: int
) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    return _convolve_mixed(x, weight, padding, up, groups), (x, weight)


def _convolve_mixed_backward(
    padding: _Sides, up: int, groups: int, saved: tuple[jax.Array, jax.Array], g: jax.Array
) -> tuple[jax.Array, jax.Array]:
    x, weight = saved

    def of_image(x: jax.Array) -> jax.Array:
        return _convolve(x, weight, padding, Compute(dilation="dilated"), up=up, groups=groups)

    def of_weight(weight: jax.Array) -> jax.Array:
        return _convolve_in_phases(x, weight, padding, up=up, groups=groups)

    return *jax.linear_transpose(of_image, x)(g), *jax.linear_transpose(of_weight, weight)(g)


_convolve_mixed.defvjp(_convolve_mixed_forward, _convolve_mixed_backward)


class _Tap(NamedTuple):
    """The place of a kernel tap's products along one axis."""

    phase: int
    padding: tuple[int, int]
    """Padding that moves the products to their place among the pixels of the phase; negative crops."""


def _taps(length: int, taps: int, padding: tuple[int, int], up: int) -> tuple[int, list[_Tap]]:
    """Return the output's length and the kernel's taps: pixel m times tap k goes to up * m - k + padding."""
    total = (length - 1) * up + 1 + sum(padding) - taps + 1
    places = [divmod(padding[0] - k, up) for k in range(taps)]
    return total, [_Tap(phase, (low, -(-total // up) - length - low)) for low, phase in places]


def _convolve_in_phases(
    x: jax.Array,
    weight: jax.Array,
    padding: tuple[tuple[int, int], tuple[int, int]],
    *,
    up: int,
    groups: int,
) -> jax.Array:
    """Convolve with `up`: multiply all pixels and taps at once, then add the products at their places."""
    height, rows = _taps(x.shape[1], weight.shape[0], padding[0], up)
    width, columns = _taps(x.shape[2], weight.shape[1], padding[1], up)
    products = jnp.einsum(
        "bhwgi,uvigo->uvbhwgo",
        rearrange(x, "b h w (g i) -> b h w g i", g=groups),
        rearrange(weight, "u v i (g o) -> u v i g o", g=groups),
    )
    zero = jnp.zeros((), x.dtype)
    phases: dict[tuple[int, int], jax.Array] = {}
    for row, row_products in zip(rows, products, strict=True):
        for column, product in zip(columns, row_products, strict=True):
            flat = rearrange(product, "b h w g o -> b h w (g o)")
            placed = lax.pad(flat, zero, ((0, 0, 0), (*row.padding, 0), (*column.padding, 0), (0, 0, 0)))
            key = row.phase, column.phase
            phases[key] = phases[key] + placed if key in phases else placed
    empty = jnp.zeros_like(next(iter(phases.values())))
    grid = [jnp.stack([phases.get((p, q), empty) for q in range(up)]) for p in range(up)]
    return rearrange(jnp.stack(grid), "p q b h w c -> b (h p) (w q) c")[:, :height, :width]


def _resample_padding(padding: Padding, f: Filter | None, up: int, down: int) -> tuple[int, int, int, int]:
    """Return the convolution's padding (x before, x after, y before, y after), widened for the filter."""
    taps_y, taps_x = (1, 1) if f is None else (f.shape[0], f.shape[-1])
    x0, x1, y0, y1 = _four(padding)
    if up > 1:
        x0, x1 = x0 + (taps_x + up - 1) // 2, x1 + (taps_x - up) // 2
        y0, y1 = y0 + (taps_y + up - 1) // 2, y1 + (taps_y - up) // 2
    if down > 1:
        x0, x1 = x0 + (taps_x - down + 1) // 2, x1 + (taps_x - down) // 2
        y0, y1 = y0 + (taps_y - down + 1) // 2, y1 + (taps_y - down) // 2
    return x0, x1, y0, y1


def conv2d_resample(
    x: jax.Array,
    weight: jax.Array,
    f: Filter | None = None,
    *,
    up: int = 1,
    down: int = 1,
    padding: Padding = 0,
    groups: int = 1,
    flip_weight: bool = True,
    flip_filter: bool = False,
    compute: Compute = DEFAULT,
) -> jax.Array:
    """Convolve with optional up- or downsampling.

    Args:
      x: `[B, H, W, I]`.
      weight: `[kh, kw, I / groups, O]`.
      f: low-pass filter for the resampling; None does not filter.
      up: factor by which the image grows; the convolution gets the input with zeros between its pixels.
      down: factor by which the image shrinks.
      padding: of the convolution, in pixels of the upsampled image.
      groups: `feature_group_count` of `lax.conv_general_dilated`.
      flip_weight: True correlates, as `lax` does; False first rotates the kernel by 180°.
      flip_filter: False convolves with `f`, True correlates.
      compute: form of the upsampling and of the filter.

    Returns:
      `[B, H * up / down, W * up / down, O]` for a padding that keeps the size.
    """
    if not flip_weight:
        weight = weight[::-1, ::-1]
    height, width = weight.shape[:2]
    x0, x1, y0, y1 = _resample_padding(padding, f, up, down)
    pointwise = height == width == 1

    def resample(x: jax.Array, **options) -> jax.Array:
        return upfirdn2d(x, f, flip_filter=flip_filter, compute=compute, **options)

    no_padding = ((0, 0), (0, 0))
    if up > 1 and down == 1 and pointwise:  # a 1×1 convolution is cheaper on the small image
        x = _convolve(x, weight, no_padding, compute, groups=groups)
        return resample(x, up=up, padding=(x0, x1, y0, y1), gain=up * up)
    if up > 1:  # convolve the input with zeros in full, then filter and crop
        full = ((height - 1, height - 1), (width - 1, width - 1))
        x = _convolve(x, weight, full, compute, up=up, groups=groups)
        crop = (x0 - width + 1, x1 - width + up, y0 - height + 1, y1 - height + up)
        x = resample(x, padding=crop, gain=up * up)
        return resample(x, down=down) if down > 1 else x
    if down > 1 and pointwise:
        x = resample(x, down=down, padding=(x0, x1, y0, y1))
        return _convolve(x, weight, no_padding, compute, groups=groups)
    if down > 1:
        x = resample(x, padding=(x0, x1, y0, y1))
        return _convolve(x, weight, no_padding, compute, stride=down, groups=groups)
    return _convolve(x, weight, ((y0, y1), (x0, x1)), compute, groups=groups)
