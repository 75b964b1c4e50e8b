"""Ways to keep and to enlarge images of three channels, compiled for one TPU v5e: cycles.

    python benchmarks/image_forms_tpu.py

Needs libtpu's compiler (`pip install 'jaxunlearn[tpu]'`) and no TPU. It compiles what the full-size step does
with such images: five rendered ones are doubled twice, get the colours of two super-resolution blocks (whose
batches are filled up to eight), and go through the first convolution of LPIPS.

"Channels last" is the form of the library, `[B, H, W, 3]`; "planar" is `[B, 3, H, W]`. "Shifted" enlarges by
adding shifted images; "banded" by one product for each axis, with a matrix of the filter's taps.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from eg3d_flax.compute import Compute
from eg3d_flax.modulation import modulated_conv2d
from eg3d_flax.resample import RESAMPLE_FILTER, upsample2d
from jaxunlearn.profiling.aot import cycles, topology
from lpips_flax.backbones import Features

IMAGES, FILLED, SIDE, CHANNELS, FIRST = 5, 8, 128, (256, 128), 64
"""Images, the same filled up, side of rendered ones, channels of both blocks and of LPIPS' first layer."""

SHIFTED = Compute(dtype=jnp.bfloat16, filtering="shifted")


class Inputs(NamedTuple):
    """What the gradient is taken of."""

    rgb: jax.Array
    """`[IMAGES, S, S, 3]` float32."""

    features: tuple[jax.Array, jax.Array]
    """Of both blocks, `[FILLED, 2 S, 2 S, C]` and `[FILLED, 4 S, 4 S, C]` bfloat16."""


class Weights(NamedTuple):
    """What no step changes."""

    styles: tuple[jax.Array, jax.Array]
    """Factors of channels, `[FILLED, C]`."""

    colours: tuple[jax.Array, jax.Array]
    """From features to colours, `[C, 3]`."""

    first: jax.Array
    """Kernel of LPIPS' first layer, `[3, 3, 3, FIRST]`."""


class Form(NamedTuple):
    """One way to keep images and one way to enlarge them."""

    planar: bool
    banded: bool

    @property
    def name(self) -> str:
        """For the table."""
        kept = "planar" if self.planar else "channels last"
        return f"{kept}, {'banded products' if self.banded else 'shifted'}"


def band(side: int) -> np.ndarray:
    """Return the matrix that doubles one axis, `[2 side, side]`; its taps are exact in bfloat16."""
    matrix = np.zeros((2 * side, side), np.float32)
    for row in range(2 * side):
        near, far = row // 2, row // 2 + (1 if row % 2 else -1)
        matrix[row, near] = 0.75
        if 0 <= far < side:
            matrix[row, far] = 0.25
    return matrix


def enlarge(image: jax.Array, form: Form) -> jax.Array:
    """Double both sides of float32 images, without rounding to bfloat16."""
    if form.banded:
        height, width = (band(image.shape[axis]) for axis in ((2, 3) if form.planar else (1, 2)))
        axes = "yh,bchw,xw->bcyx" if form.planar else "yh,bhwc,xw->byxc"
        return jnp.einsum(axes, height, image, width, precision="highest")
    if form.planar:
        return jax.vmap(lambda plane: _shifted(plane[..., None])[..., 0], 1, 1)(image)
    return _shifted(image)


def _shifted(image: jax.Array) -> jax.Array:
    return upsample2d(image, RESAMPLE_FILTER, compute=SHIFTED)


def colours_of(features: jax.Array, styles: jax.Array, weight: jax.Array, form: Form) -> jax.Array:
    """Return the float32 colours of a block, of the images that are not there to fill up."""
    if form.planar:
        scaled = features * styles[:, None, None].astype(features.dtype)
        found = jnp.einsum("bhwi,io->bohw", scaled, weight.astype(features.dtype))
    else:
        found = modulated_conv2d(features, weight[None, None], styles, demodulate=False, compute=SHIFTED)
    return found[:IMAGES].astype(jnp.float32)


def activations(form: Form, inputs: Inputs, weights: Weights) -> jax.Array:
    """Compute LPIPS' first activations of the final images, `[IMAGES, 4 S, 4 S, FIRST]` bfloat16."""
    image = inputs.rgb.transpose(0, 3, 1, 2) if form.planar else inputs.rgb
    for features, styles, weight in zip(inputs.features, weights.styles, weights.colours, strict=True):
        image = enlarge(image, form) + colours_of(features, styles, weight, form)
    axes = (3, 1, 1) if form.planar else (3,)
    normalised = (image - Features.SHIFT.reshape(axes)) / Features.SCALE.reshape(axes)
    found = lax.conv_general_dilated(
        normalised.astype(jnp.bfloat16),
        weights.first.astype(jnp.bfloat16),
        (1, 1),
        "SAME",
        dimension_numbers=("NCHW" if form.planar else "NHWC", "HWIO", "NHWC"),
    )
    return jax.nn.relu(found)


def gradient(form: Form, out: jax.Array, inputs: Inputs, weights: Weights) -> Any:
    """Activations, and the gradient of the inputs."""
    values, back = jax.vjp(lambda inputs: activations(form, inputs, weights), inputs)
    return values, back(out)


FORMS = [Form(planar, banded) for planar in (False, True) for banded in (False, True)]


def shapes(make: Callable[..., Any], side: int = SIDE) -> tuple[Inputs, Weights, Any]:
    """Return inputs, weights and the activations' gradient; `make` builds an array of a shape and dtype."""
    features = tuple(
        make((FILLED, side * 2**k, side * 2**k, channels), jnp.bfloat16)
        for k, channels in enumerate(CHANNELS, start=1)
    )
    inputs = Inputs(make((IMAGES, side, side, 3), jnp.float32), (features[0], features[1]))
    styles = tuple(make((FILLED, channels), jnp.float32) for channels in CHANNELS)
    colours = tuple(make((channels, 3), jnp.float32) for channels in CHANNELS)
    first = make((3, 3, 3, FIRST), jnp.float32)
    weights = Weights((styles[0], styles[1]), (colours[0], colours[1]), first)
    return inputs, weights, make((IMAGES, 4 * side, 4 * side, FIRST), jnp.bfloat16)


def main() -> None:
    """Compile each form and print a table."""
    there = jax.sharding.SingleDeviceSharding(topology.find("v5e:1x1").devices[0])
    inputs, weights, out = shapes(functools.partial(jax.ShapeDtypeStruct, sharding=there))
    print("| form | forward | with gradient | temporaries MiB |\n| --- | --- | --- | --- |")
    for form in FORMS:
        numbers, memory = [], float("nan")
        cases: tuple[tuple[Any, tuple[Any, ...]], ...] = (
            (activations, (inputs, weights)),
            (gradient, (out, inputs, weights)),
        )
        for function, arguments in cases:
            program = jax.jit(functools.partial(function, form)).lower(*arguments).compile()
            found = cycles.count(program.as_text() or "")
            numbers.append("unknown" if found is None else f"{found.total:.4g}")
            analysis = program.memory_analysis()
            memory = memory if analysis is None else analysis.temp_size_in_bytes / 2**20
        print(f"| {form.name} | {' | '.join(numbers)} | {memory:.0f} |", flush=True)


if __name__ == "__main__":
    main()
