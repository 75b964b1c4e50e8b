"""The rays of the full-size step alone, compiled for one TPU: cycles by part, in minutes instead of an hour.

    python -m benchmarks.rays_tpu [v5e:1x1 [kept] [fused] [CHUNK]]

Needs libtpu's compiler (`pip install '.[tpu]'`) and no TPU. Five images of 128² rays in bfloat16,
4,096 rays of an image at a time if no other number is given: from planes to pixels on both sides, with the
planes' gradient on the trained side.
`kept` keeps the planes' features for the gradient (`Compute.keep_features`). `fused` uses one kernel for
lookup and decoder (`Compute.fused`).
"""

import dataclasses
import sys
from typing import Any

import jax
import jax.numpy as jnp

from eg3d_flax import Compute
from eg3d_flax.renderer import random_jitter, render_rays
from jaxunlearn.models.generator import SplitGenerator, merge_generator, split_generator
from jaxunlearn.profiling.aot import cycles, topology
from jaxunlearn.profiling.devices import chip
from jaxunlearn.profiling.workload import PRESETS

PAIRS = 5


def main() -> None:
    """Compile, and print cycles by part."""
    device = topology.find(sys.argv[1] if len(sys.argv) > 1 else "v5e:1x1").devices[0]
    there = jax.sharding.SingleDeviceSharding(device)
    generator = PRESETS["full"].outline().generator
    config, split = generator.config, split_generator(generator)
    compute = dataclasses.replace(
        Compute.for_platform("tpu"),
        dtype=jnp.bfloat16,
        ray_chunk=next((int(word) for word in sys.argv[2:] if word.isdigit()), 4096),
        keep_features="kept" in sys.argv,
        fused="fused" in sys.argv,
    )
    rays, side = config.neural_rendering_resolution**2, config.plane_resolution

    def placed(tree: Any) -> Any:
        return jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=there), tree)

    def pixels(planes: jax.Array, trainable: Any, fixed: Any, lines: Any, jitter: Any) -> jax.Array:
        decoder = merge_generator(SplitGenerator(split.graphdef, trainable, fixed)).decoder
        return render_rays(planes, lines[0], lines[1], jitter, decoder, config, compute).features

    def both(trained: jax.Array, source: jax.Array, out: jax.Array, *rest: Any) -> Any:
        values, back = jax.vjp(lambda planes: pixels(planes, *rest), trained)
        return values, back(out), pixels(source, *rest)

    planes = jax.ShapeDtypeStruct((PAIRS, 3, side, side, config.plane_channels), jnp.float32)
    out = jax.ShapeDtypeStruct((PAIRS, rays, config.decoder_output_dim), jnp.float32)
    lines = (jax.ShapeDtypeStruct((PAIRS, rays, 3), jnp.float32),) * 2
    jitter = jax.eval_shape(lambda: random_jitter(jax.random.key(0), PAIRS, rays, config))
    arguments = (planes, planes, out, split.trainable, split.fixed, lines, jitter)
    program = jax.jit(both).lower(*placed(arguments)).compile()
    found, known = cycles.count(program.as_text() or ""), chip(device.device_kind)
    assert found is not None
    assert known is not None
    assert known.clock is not None
    print("| part | direction | estimated | gathers, scatters, sorts |\n| --- | --- | --- | --- |")
    for part in found.parts:
        print(f"| {part.part} | {part.direction} | {part.estimated:.2e} | {part.added:.2e} |")
    print(f"| all | {1e3 * found.total / known.clock:.0f} ms | {found.estimated:.2e} | {found.added:.2e} |")
    for operation in found.dearest:
        print(f"{operation.cycles:.2e} {operation.part} {operation.kind} {operation.shape}")
    memory = program.memory_analysis()
    assert memory is not None
    print(f"temporaries: {memory.temp_size_in_bytes / 2**30:.2f} GiB")
    print(*(f"unknown: {group}" for group in found.unknown), sep="\n")


if __name__ == "__main__":
    main()
