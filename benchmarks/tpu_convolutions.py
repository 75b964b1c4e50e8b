"""What filling batches up to eight images saves on a TPU: the convolutional parts of the full-size step.

    python -m benchmarks.tpu_convolutions --parts superresolution --images 5

Needs libtpu's compiler (`pip install '.[tpu]'`) and no TPU. Each part is compiled alone with its
gradient for one TPU v5e in bfloat16, as it is and with `Compute(batch_multiple=8)`. Cycles are
`profiling.aot.cycles`, which does not count waiting. They include copies at the borders of a part, which the
whole step does not always need.
"""

import argparse
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from eg3d_flax import Compute
from eg3d_flax.batch_padding import filled
from jaxunlearn.methods.losses import identity_distance
from jaxunlearn.models.generator import SplitGenerator, merge_generator, split_generator
from jaxunlearn.profiling.aot import cycles, topology
from jaxunlearn.profiling.workload import PRESETS

Part = tuple[Callable[..., Any], Any, tuple[Any, ...]]
"""A function of its inputs and of the rest; the gradient is taken with respect to the inputs."""


def part(name: str, images: int, compute: Compute) -> Part:
    """Return a part of the step: function, shapes of its inputs, and shapes of the rest."""
    models = PRESETS["full"].outline()
    config, split = models.generator.config, split_generator(models.generator)
    perception = models.perception(compute.dtype)
    ws = jnp.zeros((images, config.num_ws, config.w_dim))
    image = jax.ShapeDtypeStruct((images, config.img_resolution, config.img_resolution, 3), jnp.float32)

    def generator(trainable: Any, fixed: Any) -> Any:
        return merge_generator(SplitGenerator(split.graphdef, trainable, fixed))

    def backbone(trainable: Any, fixed: Any, ws: Any) -> jax.Array:
        return generator(trainable, fixed).planes(ws, compute=compute)

    def superresolution(features: Any, trainable: Any, fixed: Any, ws: Any) -> jax.Array:
        network = generator(trainable, fixed).superresolution
        return network(features[..., :3], features, ws, compute=compute)

    def perceptual(image: Any, perception: Any, other: Any) -> jax.Array:
        return perception.perceptual(*filled(compute.batch_multiple, image, other))[:images]

    def identity(image: Any, perception: Any, other: Any) -> jax.Array:
        image, other = filled(compute.batch_multiple, image, other)
        return identity_distance(perception.embed(image), perception.embed(other))[:images]

    side = config.neural_rendering_resolution
    features = jax.ShapeDtypeStruct((images, side, side, config.decoder_output_dim), jnp.float32)
    return {
        "backbone": (backbone, split.trainable, (split.fixed, ws)),
        "superresolution": (superresolution, features, (split.trainable, split.fixed, ws)),
        "perceptual": (perceptual, image, (perception, image)),
        "identity": (identity, image, (perception, image)),
    }[name]


def compiled(
    function: Callable[..., Any], inputs: Any, rest: Any, copies: int, *, gradients: bool = True
) -> Any:
    """Compile a part, with its gradient or without; several copies are vmapped, as in a step."""
    there = jax.sharding.SingleDeviceSharding(topology.find("v5e:1x1").devices[0])

    def gradient(inputs: Any, cotangent: Any, *rest: Any) -> Any:
        if not gradients:
            return function(inputs, *rest)
        values, back = jax.vjp(lambda inputs: function(inputs, *rest), inputs)
        return values, back(cotangent)

    cotangent = jax.eval_shape(function, inputs, *rest)

    def shapes(tree: Any, *leading: int) -> Any:
        return jax.tree.map(
            lambda x: jax.ShapeDtypeStruct((*leading, *x.shape), x.dtype, sharding=there), tree
        )

    step, leading = gradient, ()
    if copies > 1:
        step, leading = jax.vmap(gradient, (0, 0, *(None for _ in rest))), (copies,)
    return jax.jit(step).lower(shapes(inputs, *leading), shapes(cotangent, *leading), *shapes(rest)).compile()


def main() -> None:
    """Compile each part and print a table."""
    parser = argparse.ArgumentParser(description="What filling batches up to eight images saves on a TPU.")
    parts = ["superresolution", "perceptual", "backbone", "identity"]
    parser.add_argument("--parts", nargs="+", default=parts, choices=parts)
    parser.add_argument("--images", nargs="+", type=int, default=[5])
    parser.add_argument("--multiples", nargs="+", type=int, default=[1, 8])
    parser.add_argument("--copies", nargs="+", type=int, default=[1])
    parser.add_argument("--forward", action="store_true", help="without gradients")
    parser.add_argument("--hlo", help="folder for the optimised programs")
    arguments = parser.parse_args()
    print("| part | copies | images | filled up to a multiple of | cycles | temporaries MiB | compile s |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    cases = [
        (name, copies, images, multiple)
        for name in arguments.parts
        for copies in arguments.copies
        for images in arguments.images
        for multiple in arguments.multiples
    ]
    for name, copies, images, multiple in cases:
        began = time.perf_counter()
        compute = Compute(dtype=jnp.bfloat16, batch_multiple=multiple)
        program = compiled(*part(name, images, compute), copies, gradients=not arguments.forward)
        seconds = time.perf_counter() - began
        text = program.as_text() or ""
        if arguments.hlo:
            with open(
                f"{arguments.hlo}/{name}_{copies}_{images}_{multiple}_{'forward' * arguments.forward}.txt",
                "w",
            ) as file:
                file.write(text)
        count = cycles.count(text)
        total = "unknown" if count is None else f"{count.total:.3g}"
        analysis = program.memory_analysis()
        memory = float("nan") if analysis is None else analysis.temp_size_in_bytes / 2**20
        print(
            f"| {name} | {copies} | {images} | {multiple} | {total} | {memory:.0f} | {seconds:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
