"""Time and peak memory of one full-size 512² image, forward and with its gradient, by rays at a time.

Every measurement runs in a process of its own, so that the peak is its own. Weights are random: neither time
nor memory depends on them.

    python -m benchmarks.render_memory --out benchmarks/render_memory.md
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

CHUNKS = (0, 4096, 1024)
"""Rays at a time; 0 renders all 16,384 at once."""

LOOKUPS = ("packed", "corners")
DTYPES = ("float32", "bfloat16")


def measure(what: str, chunk: int, lookup: str, dtype: str, repeats: int) -> dict[str, float]:
    """Run one configuration in this process."""
    import jax
    import jax.numpy as jnp
    from flax import nnx

    from eg3d_flax import Compute, GeneratorConfig, camera
    from jaxunlearn.models.generator import initialise

    config = GeneratorConfig.ffhq512_128()
    graphdef, state = nnx.split(initialise(config))
    compute = Compute(dtype=jnp.dtype(dtype), ray_chunk=chunk or None, lookup=lookup)  # type: ignore[arg-type]
    ws = jax.random.normal(jax.random.key(0), (1, config.num_ws, config.w_dim))
    c, key = camera.camera_params(0.2, -0.2), jax.random.key(1)

    def image(state: nnx.State, ws: jax.Array) -> jax.Array:
        return nnx.merge(graphdef, state).synthesis(ws, c, key=key, compute=compute).image

    def energy(planes: jax.Array, state: nnx.State, ws: jax.Array) -> jax.Array:
        generator = nnx.merge(graphdef, state)
        return jnp.mean(generator.render(planes, ws, c, key, compute=compute).image ** 2)

    if what == "gradient":
        shape = (1, 3, config.plane_resolution, config.plane_resolution, config.plane_channels)
        function = jax.jit(jax.grad(energy))
        inputs = (jax.random.normal(jax.random.key(2), shape), state, ws)
    else:
        function, inputs = jax.jit(image), (state, ws)
    start = time.perf_counter()
    compiled = function.lower(*inputs).compile()
    compile_seconds = time.perf_counter() - start
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        jax.block_until_ready(compiled(*inputs))
        seconds.append(time.perf_counter() - start)
    analysis = compiled.memory_analysis()
    return {
        "compile_seconds": compile_seconds,
        "seconds": statistics.median(seconds),
        "peak_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
        "temporaries_gib": analysis.temp_size_in_bytes / 2**30 if analysis else float("nan"),
    }


def in_own_process(*configuration: object) -> dict[str, float]:
    """Run `measure` in a fresh interpreter."""
    command = [sys.executable, __file__, "--measure", *map(str, configuration)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=Path, help="Markdown file to write the table to")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--measure", nargs=5, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        what, chunk, lookup, dtype, repeats = arguments.measure
        print(json.dumps(measure(what, int(chunk), lookup, dtype, int(repeats))))
        return
    lines = [
        "# One 512² image: time and peak memory",
        "",
        f"`{' '.join(['python', *sys.argv])}` on {platform.processor() or platform.machine()}, "
        f"{len(os.sched_getaffinity(0))} cores, CPU only. `image`: ws → image.",
        "`gradient`: of a scalar of the image with respect to the planes, forward pass included. Peak:",
        "resident memory of the whole process, weights included. Temporaries: what XLA allocates for the",
        "compiled function.",
        "",
        "| what | rays at a time | lookup | dtype | compile s | run s | temporaries GiB | peak GiB |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    plan = [("image", chunk, "packed", "float32") for chunk in CHUNKS]
    plan += [("gradient", chunk, lookup, "float32") for lookup in LOOKUPS for chunk in CHUNKS]
    plan += [(what, 4096, "packed", "bfloat16") for what in ("image", "gradient")]
    for what, chunk, lookup, dtype in plan:
        found = in_own_process(what, chunk, lookup, dtype, arguments.repeats)
        lines.append(
            f"| {what} | {chunk or 'all'} | {lookup} | {dtype} | {found['compile_seconds']:.1f} "
            f"| {found['seconds']:.2f} | {found['temporaries_gib']:.2f} | {found['peak_gib']:.2f} |"
        )
        print(lines[-1], flush=True)
    if arguments.out:
        arguments.out.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
