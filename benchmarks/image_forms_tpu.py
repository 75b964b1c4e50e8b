"""Ways to keep and to enlarge images of three channels, compiled for one TPU v5e: cycles.

    python -m benchmarks.image_forms_tpu

Needs libtpu's compiler (`pip install '.[tpu]'`) and no TPU. It compiles super-resolution of five
images (filled up to eight) and the first convolution of LPIPS, with the gradient of the rendered features.

"Channels last" is the form of the library, `[B, H, W, 3]`; "planar" is `[B, 3, H, W]`. "Shifted" enlarges by
adding shifted images; "banded" by one product for each axis, with a matrix of the filter's taps.
"""

import dataclasses
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from eg3d_flax.batch_padding import filled
from eg3d_flax.compute import Compute
from eg3d_flax.layers import ToRGBLayer
from eg3d_flax.resample import RESAMPLE_FILTER, upsample2d
from eg3d_flax.superresolution import Superresolution
from jaxunlearn.models.generator import SplitGenerator, merge_generator, split_generator
from jaxunlearn.profiling.aot import cycles, topology
from jaxunlearn.profiling.workload import PRESETS
from lpips_flax.backbones import Features

IMAGES = 5
COMPUTE = dataclasses.replace(Compute.for_platform("tpu"), dtype=jnp.bfloat16)


class Form(NamedTuple):
    """One way to keep images and one way to enlarge them."""

    planar: bool
    banded: bool

    @property
    def name(self) -> str:
        """For the table."""
        kept = "planar" if self.planar else "channels last"
        return f"{kept}, {'banded products' if self.banded else 'shifted'}"


FORMS = [Form(planar, banded) for planar in (False, True) for banded in (False, True)]


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
    return upsample2d(image, RESAMPLE_FILTER, compute=COMPUTE)


def colours(layer: ToRGBLayer, features: jax.Array, w: jax.Array, form: Form, compute: Compute) -> jax.Array:
    """Return a block's colours in float32: the library's ToRGB, or the same as a product that is planar."""
    if not form.planar:
        return layer(features, w, compute=compute)[:IMAGES].astype(jnp.float32)
    styles = layer.affine(w) * layer.weight_gain
    scaled = features * styles[:, None, None].astype(features.dtype)
    found = jnp.einsum("bhwi,io->bohw", scaled, layer.weight[...][0, 0].astype(features.dtype))
    found = found + layer.bias[...][:, None, None].astype(found.dtype)
    if layer.conv_clamp is not None:
        found = jnp.clip(found, -layer.conv_clamp, layer.conv_clamp)
    return found[:IMAGES].astype(jnp.float32)


def images(
    network: Superresolution, features: jax.Array, ws: jax.Array, form: Form, compute: Compute = COMPUTE
) -> jax.Array:
    """Enlarge rendered features `[IMAGES, S, S, C]`; the final images are channels last or planar."""
    rows = jnp.repeat(ws[:, -1:], 3, axis=1)
    image = features[..., :3].transpose(0, 3, 1, 2) if form.planar else features[..., :3]
    x, rows = filled(compute.batch_multiple, features, rows)
    for block in network.blocks.values():
        for row, layer in enumerate(block.convolutions.values()):
            x = layer(x, rows[:, row], compute=compute)
        larger = enlarge(image, form) if block.up > 1 else image
        image = larger + colours(block.torgb, x, rows[:, block.num_conv], form, compute)
    return image


def activations(
    network: Superresolution, kernel: jax.Array, features: jax.Array, ws: jax.Array, form: Form
) -> jax.Array:
    """Compute LPIPS' first activations of the final images in bfloat16; `kernel` is `[3, 3, 3, O]`."""
    image, axes = images(network, features, ws, form), (3, 1, 1) if form.planar else (3,)
    normalised = (image - Features.SHIFT.reshape(axes)) / Features.SCALE.reshape(axes)
    found = lax.conv_general_dilated(
        normalised.astype(jnp.bfloat16),
        kernel.astype(jnp.bfloat16),
        (1, 1),
        "SAME",
        dimension_numbers=("NCHW" if form.planar else "NHWC", "HWIO", "NHWC"),
    )
    return jax.nn.relu(found)


def compiled(form: Form) -> Any:
    """Compile the part with its gradient for one v5e."""
    there = jax.sharding.SingleDeviceSharding(topology.find("v5e:1x1").devices[0])
    generator = PRESETS["full"].outline().generator
    config, split = generator.config, split_generator(generator)
    side = config.neural_rendering_resolution

    def forward(features: Any, trainable: Any, fixed: Any, kernel: Any, ws: Any) -> jax.Array:
        network = merge_generator(SplitGenerator(split.graphdef, trainable, fixed)).superresolution
        return activations(network, kernel, features, ws, form)

    def gradient(features: Any, out: Any, *rest: Any) -> Any:
        values, back = jax.vjp(lambda features: forward(features, *rest), features)
        return values, back(out)

    features = jax.ShapeDtypeStruct((IMAGES, side, side, config.decoder_output_dim), jnp.float32)
    kernel = jax.ShapeDtypeStruct((3, 3, 3, 64), jnp.float32)
    ws = jax.ShapeDtypeStruct((IMAGES, config.num_ws, config.w_dim), jnp.float32)
    rest = (split.trainable, split.fixed, kernel, ws)
    arguments = features, jax.eval_shape(forward, features, *rest), *rest
    placed = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=there), arguments)
    return jax.jit(gradient).lower(*placed).compile()


def main() -> None:
    """Compile each form and print a table."""
    print("| form | cycles | temporaries MiB |\n| --- | --- | --- |")
    for form in FORMS:
        program = compiled(form)
        found, memory = cycles.count(program.as_text() or ""), program.memory_analysis()
        total = "unknown" if found is None else f"{found.total:.4g}"
        size = float("nan") if memory is None else memory.temp_size_in_bytes / 2**20
        print(f"| {form.name} | {total} | {size:.0f} |", flush=True)


if __name__ == "__main__":
    main()
