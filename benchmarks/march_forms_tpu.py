"""Ways to put samples in order and to find fine depths, compiled for one TPU v5e: cycles.

    python -m benchmarks.march_forms_tpu

Needs libtpu's compiler (`pip install '.[tpu]'`) and no TPU. Five images' chunks of 1,024 rays with
48 coarse and 48 fine samples and 32 channels in bfloat16: the full-size step has 16 of them on each side.
"""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from eg3d_flax import Compute
from eg3d_flax.depths import importance_depths
from eg3d_flax.marching import Samples, march
from jaxunlearn.profiling.aot import cycles, topology

IMAGES, RAYS, SAMPLES, CHANNELS = 5, 1024, 48, 32


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
    forms = {"sorted": Compute(compared=0), "compared": Compute(compared=SAMPLES * 2)}
    for form, compute in forms.items():
        forward = count(functools.partial(pixels, compute), *samples)
        both = count(functools.partial(gradient, compute), shape(CHANNELS), *samples)
        print(f"| compositing | {form} | {forward} | {both} |", flush=True)
    arguments = shape(SAMPLES), shape(SAMPLES - 1), shape(SAMPLES)
    for form, compute in forms.items():
        depths = functools.partial(importance_depths, compute=compute)
        print(f"| fine depths | {form} | {count(depths, *arguments)} | none |", flush=True)


if __name__ == "__main__":
    main()
