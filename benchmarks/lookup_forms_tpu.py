"""Three ways to look points up in planes, compiled for one TPU v5e: memory and cycles.

    python -m benchmarks.lookup_forms_tpu

Needs libtpu's compiler (`pip install '.[tpu]'`) and no TPU. One image's 1,024 rays of 48 points in
three planes of 256² texels and 32 channels, bfloat16, and the gradient with respect to the planes: what the
full-size step does 16 times an image, and again for the fine points. Bringing planes into their form,
which it does once an image, is not counted. `hats` is written here, since nothing uses it.
"""

import functools
import time
from typing import Any

import jax
import jax.numpy as jnp

from eg3d_flax import Compute, planes
from jaxunlearn.profiling.aot import cycles, topology

SIDE, CHANNELS, POINTS = 256, 32, 1024 * 48
PLANES = (3, SIDE, SIDE, CHANNELS)
AT_ONCE = 4096
"""Points whose rows of texels are in memory together, in `hats`."""


def hats(texels: jax.Array, coordinates: jax.Array) -> jax.Array:
    """Bilinear interpolation as two products with hat functions: `[3, H, W, C]` at `[M, 3]` → `[3, M, C]`."""
    uv = planes.project_onto_planes(coordinates[None] * 2)[0]

    def one_plane(plane: jax.Array, at: jax.Array) -> jax.Array:
        position = ((at + 1) * SIDE - 1) / 2

        @jax.checkpoint
        def some(position: jax.Array) -> jax.Array:
            weights = jnp.maximum(0, 1 - jnp.abs(position[..., None] - jnp.arange(SIDE)))
            columns, rows = jnp.moveaxis(weights.astype(plane.dtype), 1, 0)
            return jnp.einsum("mw,mwc->mc", columns, jnp.einsum("mh,hwc->mwc", rows, plane))

        return jax.lax.map(some, position.reshape(-1, AT_ONCE, 2)).reshape(-1, CHANNELS)

    return jax.vmap(one_plane)(texels, uv)


def gathered(compute: Compute, texels: planes.Texels, coordinates: jax.Array) -> jax.Array:
    """As `hats`, by gathers from `planes.make_texels`."""
    alone = jax.tree.map(lambda x: x[None], texels)
    return planes.sample_from_texels(alone, coordinates[None], box_warp=1.0, compute=compute)[0]


def cycles_of(program: Any) -> str:
    """The compiler's estimate, and what it leaves out."""
    count = cycles.count(program.as_text() or "")
    if count is None:
        return "unknown"
    missing = {group.kind for group in count.unknown if not group.kind.endswith("-start")}
    return f"{count.estimated:.2g} + {count.added:.2g}" + (f" + {', '.join(sorted(missing))}" * bool(missing))


def main() -> None:
    """Compile each form and print a table."""
    device = topology.find("v5e:1x1").devices[0]
    there = jax.sharding.SingleDeviceSharding(device)
    shapes: dict[str, tuple[Any, Any]] = {"hats": (hats, jax.ShapeDtypeStruct(PLANES, jnp.bfloat16))}
    for form in ("corners", "packed"):
        compute = Compute(lookup=form, dtype=jnp.bfloat16)
        texels = jax.eval_shape(
            functools.partial(planes.make_texels, compute=compute), jnp.zeros((1, *PLANES))
        )
        alone = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape[1:], x.dtype), texels)
        shapes[form] = functools.partial(gathered, compute), alone
    at = jax.ShapeDtypeStruct((POINTS, 3), jnp.float32, sharding=there)
    out = jax.ShapeDtypeStruct((3, POINTS, CHANNELS), jnp.bfloat16, sharding=there)
    print("| form | cycles forward | cycles with gradient | temporaries MiB, with gradient | compile s |")
    print("| --- | --- | --- | --- | --- |")
    for name, (form, texels) in shapes.items():
        texels = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=there), texels)

        def gradient(texels: Any, at: Any, out: Any, form: Any = form) -> Any:
            features, back = jax.vjp(lambda texels: form(texels, at), texels)
            return features, back(out)

        began = time.perf_counter()
        forward = jax.jit(form).lower(texels, at).compile()
        both = jax.jit(gradient).lower(texels, at, out).compile()
        seconds = time.perf_counter() - began
        counts = " | ".join(cycles_of(program) for program in (forward, both))
        analysis = both.memory_analysis()
        memory = float("nan") if analysis is None else analysis.temp_size_in_bytes / 2**20
        print(f"| {name} | {counts} | {memory:.0f} | {seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main()
