"""Ways to put samples in order and to find fine depths, compiled for one TPU v5e: cycles.

    python benchmarks/march_forms_tpu.py

Needs libtpu's compiler (`pip install 'jaxunlearn[tpu]'`) and no TPU. Five images' chunks of 1,024 rays with
48 coarse and 48 fine samples and 32 channels in bfloat16: the full-size step has 16 of them on each side.
`compared_pdf` is written here, since nothing uses it.
"""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from eg3d_flax import Compute, depths
from eg3d_flax.marching import Samples, march
from jaxunlearn.profiling.aot import cycles, topology

IMAGES, RAYS, SAMPLES, CHANNELS = 5, 1024, 48, 32


def compared_pdf(bins: jax.Array, weights: jax.Array, u: jax.Array) -> jax.Array:
    """`depths.sample_pdf` without a gather: the wanted numbers are picked out of all by a comparison."""
    cdf = depths.cumulative(weights)
    count = weights.shape[-1]
    index = jnp.sum(u[..., :, None] >= cdf[..., None, :], axis=-1)
    below, above = jnp.maximum(index - 1, 0), jnp.minimum(index, count)

    def pick(values: jax.Array, index: jax.Array) -> jax.Array:
        wanted = index[..., :, None] == jnp.arange(count + 1)
        return jnp.sum(jnp.where(wanted, values[..., None, : count + 1], 0), axis=-1)

    cdf_below, cdf_above = pick(cdf, below), pick(cdf, above)
    bin_below, bin_above = pick(bins, below), pick(bins, above)
    width = cdf_above - cdf_below
    width = jnp.where(width < depths.EPS, 1.0, width)
    return bin_below + (u - cdf_below) / width * (bin_above - bin_below)


def pixels(compute: Compute, colours: Any, densities: Any, at: Any) -> jax.Array:
    """Colours of pixels from two passes."""
    passes = [Samples(*sample) for sample in zip(colours, densities, at, strict=True)]
    return march(passes, compute=compute).rgb


def gradient(compute: Compute, out: jax.Array, colours: Any, densities: Any, at: Any) -> Any:
    """Pixels, and the gradients of colours and densities."""
    values, back = jax.vjp(lambda c, d: pixels(compute, c, d, at), colours, densities)
    return values, back(out)


def count(function: Callable[..., Any], *arguments: Any) -> str:
    """The compiler's estimate, and what it leaves out."""
    found = cycles.count(jax.jit(function).lower(*arguments).compile().as_text() or "")
    if found is None:
        return "unknown"
    missing = {group.kind for group in found.unknown if group.kind.endswith(("fusion", "sort"))}
    return f"{found.estimated:.2g} + {found.added:.2g}" + "".join(f" + {kind}" for kind in sorted(missing))


def main() -> None:
    """Compile each form and print a table."""
    there = jax.sharding.SingleDeviceSharding(topology.find("v5e:1x1").devices[0])

    def shape(*sides: int, dtype: Any = jnp.float32) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct((IMAGES, RAYS, *sides), dtype, sharding=there)

    numbers = (shape(SAMPLES),) * 2
    samples = ((shape(SAMPLES, CHANNELS, dtype=jnp.bfloat16),) * 2, numbers, numbers)
    print("| what | form | forward | with gradient |\n| --- | --- | --- | --- |")
    forms: dict[str, Compute] = {
        "sorted twice": Compute(),
        "sorted, then scattered": Compute(inverse="scattered"),
        "compared": Compute(compared=10**6),
    }
    for form, compute in forms.items():
        forward = count(functools.partial(pixels, compute), *samples)
        both = count(functools.partial(gradient, compute), shape(CHANNELS), *samples)
        print(f"| compositing | {form} | {forward} | {both} |", flush=True)
    for pdf, form in ((depths.sample_pdf, "gathered"), (compared_pdf, "compared")):
        depths.sample_pdf = pdf
        jax.clear_caches()  # the form is no argument
        arguments = shape(SAMPLES), shape(SAMPLES - 1), shape(SAMPLES)
        print(f"| fine depths | {form} | {count(depths.importance_depths, *arguments)} | none |", flush=True)


if __name__ == "__main__":
    main()
