"""Time the forms of single layers at full size on one device, with their gradients.

    python -m benchmarks.gpu.forms --out forms.jsonl

One line of JSON a case is written as soon as it is measured, and the table with it; finished cases are not
measured again, and failed ones are. A file is of one device and one version of JAX.
"""

import argparse
import dataclasses
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from arcface_flax import ArcFace, ArcFaceConfig
from eg3d_flax import Compute, GeneratorConfig
from eg3d_flax.decoder import OSGDecoder
from eg3d_flax.modulation import modulated_conv2d
from eg3d_flax.renderer import render_rays
from eg3d_flax.resample import RESAMPLE_FILTER, filter2d
from jaxunlearn.files.door import write_text
from jaxunlearn.files.json_lines import read_json_lines, write_json_lines
from jaxunlearn.models.identity import identity_network
from lpips_flax import LPIPS

BFLOAT16 = jnp.bfloat16
IMAGES = 5
"""One local, two adjacent and two global pairs."""


class Case(NamedTuple):
    """A function, whose gradient is also taken with respect to its first `trained` arguments."""

    name: str
    function: Callable[..., jax.Array]
    arguments: tuple[Any, ...]
    trained: int = 1
    """0 times the values alone."""


def _normal(*shape: int, dtype: Any = BFLOAT16) -> jax.Array:
    return jax.random.normal(jax.random.key(len(shape)), shape, dtype)


def peaks(size: int) -> Iterator[Case]:
    """What the device reaches: a large product, and copies of much memory."""
    square = _normal(size, size)
    yield Case("product of bfloat16 matrices", jnp.matmul, (square, square), 0)
    single = _normal(size, size, dtype=jnp.float32)
    yield Case("product of float32 matrices", jnp.matmul, (single, single), 0)
    yield Case("copy", lambda x: -x, (_normal(8, size, size),), 0)


def convolutions(side: int, channels: int) -> Iterator[Case]:
    """Modulated convolutions: super-resolution's (no weights' gradient) and the backbone's."""
    layers = {  # name: side, input channels, output channels, up, number of trained arguments
        "super-resolution, up": (side, channels, channels // 2, 2, 1),
        "super-resolution": (2 * side, channels // 2, channels // 2, 1, 1),
        "backbone, up": (side // 4, 2 * channels, channels, 2, 2),
        "backbone at low resolution, up": (side // 8, 2 * channels, 2 * channels, 2, 2),
        "backbone at low resolution": (side // 8, 2 * channels, 2 * channels, 1, 2),
        "backbone": (side, channels // 2, channels // 2, 1, 2),
    }
    for name, (at, taken, given, up, trained) in layers.items():
        ups = [Compute(BFLOAT16, dilation=form) for form in ("mixed", "dilated", "phases", "stuffed")]
        plain = [Compute(BFLOAT16, modulation=form) for form in ("scaled", "grouped")]
        for compute in ups if up == 2 else plain:

            def layer(
                x: Any, weight: Any, styles: Any, up: int = up, compute: Compute = compute
            ) -> jax.Array:
                return modulated_conv2d(
                    x,
                    weight,
                    styles,
                    up=up,
                    padding=1,
                    resample_filter=RESAMPLE_FILTER,
                    flip_weight=up == 1,
                    compute=compute,
                )

            arguments = (
                _normal(IMAGES, at, at, taken),
                _normal(3, 3, taken, given, dtype=jnp.float32),
                _normal(IMAGES, taken, dtype=jnp.float32),
            )
            form = compute.dilation if up == 2 else compute.modulation
            yield Case(f"{name}, {form}", layer, arguments, trained)
    image = _normal(IMAGES, 2 * side, 2 * side, channels // 2)
    for form in ("shifted", "depthwise"):
        compute = Compute(BFLOAT16, filtering=form)
        yield Case(f"filter, {form}", lambda x, c=compute: filter2d(x, RESAMPLE_FILTER, compute=c), (image,))


def rays(side: int, config: GeneratorConfig) -> Iterator[Case]:
    """Volume rendering of all images, with the gradient of the planes."""
    decoder = OSGDecoder(config.plane_channels, rngs=nnx.Rngs(0))
    graph, weights = nnx.split(decoder)
    keys = jax.random.split(jax.random.key(0), 4)
    origins = jnp.broadcast_to(jnp.array([0.0, 0.0, 2.7]), (IMAGES, side**2, 3))
    around = 0.1 * jax.random.uniform(keys[0], origins.shape, minval=-1.0) * jnp.array([1.0, 1.0, 0.0])
    # Rays go row by row over the image, as those of a camera: neighbours look up neighbouring texels.
    steps = jnp.linspace(-0.15, 0.15, side)
    v, u = jnp.meshgrid(steps, steps, indexing="ij")
    aimed = jnp.stack([u.reshape(-1), v.reshape(-1), -jnp.ones(side**2)], -1) + 0.01 * around
    directions = aimed / jnp.linalg.norm(aimed, axis=-1, keepdims=True)
    jitter: Any = {
        "coarse": jax.random.uniform(keys[1], (IMAGES, side**2, config.depth_resolution, 1)),
        "fine": jax.random.uniform(keys[2], (IMAGES, side**2, config.depth_resolution_importance)),
    }
    resolution = config.plane_resolution
    planes = _normal(IMAGES, 3, resolution, resolution, config.plane_channels, dtype=jnp.float32)
    base = Compute(BFLOAT16)
    forms = {
        "packed": base,
        "corners": dataclasses.replace(base, lookup="corners"),
        "packed, a quarter of the rays at a time": dataclasses.replace(base, ray_chunk=side**2 // 4),
        "packed, float32": dataclasses.replace(base, dtype=jnp.float32),
        "packed, three planes": base,
    }
    for name, compute in forms.items():
        axes = "fixed" if "three" in name else "eg3d"
        settings = dataclasses.replace(config, plane_axes=axes)

        def render(
            planes: Any,
            weights: Any,
            origins: Any,
            directions: Any,
            jitter: Any,
            compute: Compute = compute,
            settings: Any = settings,
        ) -> jax.Array:
            decode = nnx.merge(graph, weights)
            return render_rays(planes, origins, directions, jitter, decode, settings, compute).features

        yield Case(f"rays, {name}", render, (planes, weights, origins, directions, jitter))


def scatters(rows: int, points: int) -> Iterator[Case]:
    """Adding rows of a gradient to a table, as the transposed lookup does."""
    near = jnp.cumsum(jax.random.randint(jax.random.key(1), (points,), 0, 3)) % rows
    for dtype in (jnp.float32, BFLOAT16):
        values = _normal(points, 128, dtype=dtype)
        name = jnp.dtype(dtype).name

        def scatter(values: Any, index: Any) -> jax.Array:
            return jnp.zeros((rows, 128), values.dtype).at[index].add(values, mode="promise_in_bounds")

        yield Case(f"scatter-add of {name} rows", scatter, (values, near), 0)
        table = _normal(rows, 128, dtype=dtype)
        yield Case(
            f"gather of {name} rows",
            lambda t, i: t.at[i].get(mode="promise_in_bounds"),
            (table, near),
            0,
        )


def losses(side: int) -> Iterator[Case]:
    """The networks of the loss, with the gradient of one side's images."""
    lpips = LPIPS("vgg", rngs=nnx.Rngs(0))
    graph, weights = nnx.split(lpips)
    images, others = (_normal(IMAGES, side, side, 3, dtype=jnp.float32) for _ in range(2))
    for dtype in (BFLOAT16, jnp.float32):

        def distance(images: Any, others: Any, weights: Any, dtype: Any = dtype) -> jax.Array:
            network = nnx.merge(graph, weights)
            return network(images, others, dtype=dtype)

        yield Case(f"LPIPS, {jnp.dtype(dtype).name}", distance, (images, others, weights))
    face = identity_network(
        ArcFace(ArcFaceConfig.ir_se50(), rngs=nnx.Rngs(0)), name="IR-SE50", threshold=None, framing="face"
    )
    yield Case("IR-SE50", lambda x, f: f.embed(x, dtype=BFLOAT16), (images[:3], face))


def cases(tiny: bool) -> Iterator[Case]:
    """Yield all cases, the most telling first; `tiny` sizes only show that everything runs."""
    config = GeneratorConfig.ffhq512_128()
    if tiny:
        config = dataclasses.replace(config, depth_resolution=4, depth_resolution_importance=4)
    yield from rays(8 if tiny else 128, config)
    yield from convolutions(8 if tiny else 256, 8 if tiny else 256)
    yield from scatters(300 if tiny else 66049, 1000 if tiny else 786432)
    yield from losses(64 if tiny else 512)
    yield from peaks(64 if tiny else 8192)


def seconds(function: Callable[..., Any], arguments: tuple[Any, ...], calls: int) -> float:
    """Return the time of a call in a queue of calls, so that starting them takes no time of its own."""
    result = jax.block_until_ready(function(*arguments))
    began = time.perf_counter()
    for _ in range(calls):
        result = function(*arguments)
    jax.block_until_ready(result)
    return (time.perf_counter() - began) / calls


def measure(case: Case, calls: int) -> dict[str, Any]:
    """Compile and time a case, with its gradient if it has one; times are in milliseconds."""

    def gradient(*arguments: Any) -> Any:
        taken, rest = arguments[: case.trained], arguments[case.trained :]
        value, pull = jax.vjp(lambda *taken: case.function(*taken, *rest), *taken)
        return value, pull(jnp.ones_like(value))

    began = time.perf_counter()
    timed = gradient if case.trained else case.function
    ms = 1e3 * seconds(jax.jit(timed), case.arguments, calls)
    return {"name": case.name, **here(), "ms": ms, "whole_s": time.perf_counter() - began}


def here() -> dict[str, str]:
    """Return what times depend on beside the case."""
    return {"device": jax.devices()[0].device_kind, "jax": jax.__version__}


def table(rows: Iterable[dict[str, Any]]) -> str:
    """Return finished cases as a Markdown table, in the order of the file."""
    header = "| layer, with its gradient | ms |\n| --- | ---: |\n"
    return header + "".join(f"| {row['name']} | {row['ms']:.2f} |\n" for row in rows if "ms" in row)


def main() -> None:
    """Measure all cases that the file does not hold yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--calls", type=int, default=10)
    parser.add_argument("--tiny", action="store_true")
    options = parser.parse_args()
    rows = read_json_lines(options.out, dict[str, Any])
    for row in rows:
        if (there := {name: row.get(name) for name in here()}) != here():
            parser.error(f"--out: {options.out} is of {there}, not {here()}; give another file")
    finished = {row["name"] for row in rows if "ms" in row}
    for case in cases(options.tiny):
        if case.name in finished:
            continue
        try:
            result = measure(case, options.calls)
        except jax.errors.JaxRuntimeError as error:  # out of memory, say: the other cases go on
            result = {"name": case.name, **here(), "error": str(error).splitlines()[0]}
        rows = [*(row for row in rows if row["name"] != case.name), result]
        write_json_lines(options.out, rows)
        print(f"{case.name:50} {result.get('ms', np.nan):9.3f} {result.get('error', '')}", flush=True)
        write_text(options.out.with_suffix(".md"), table(rows))


if __name__ == "__main__":
    main()
