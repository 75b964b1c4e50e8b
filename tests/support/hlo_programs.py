"""Compile small programs for TPUs that are not here, and keep the part of their texts that is read.

    python -m tests.support.hlo_programs

Needs libtpu's compiler (`pip install '.[tpu]'`). It writes `tests/goldens/hlo/jax_0_10.txt` and
`fused_0_10.txt`, named after the JAX version that runs. The first program has every form of operation without
an estimate that a step has; the second has the kernels of `eg3d_flax.fused_points`.
"""

import functools
import re
from pathlib import Path

import jax
import jax.numpy as jnp
from flax import nnx
from jax import lax
from jax.experimental import pallas as pl
from jax.sharding import Mesh, NamedSharding, PartitionSpec, SingleDeviceSharding

from eg3d_flax import Compute, GeneratorConfig
from eg3d_flax.decoder import OSGDecoder
from eg3d_flax.renderer import decode_points, merged_texels
from jaxunlearn.profiling.aot import hlo, topology

FOLDER = Path(__file__).parents[1] / "goldens" / "hlo"
CHUNKS, POINTS, ROWS = 4, 16_384, 65_536
"""Turns of the loop, points looked up in each, and rows of the table: too many to be added up in one part."""

RAYS, SAMPLES = 2_048, 96

_DROPPED = (
    r', (?:sharding|frontend_attributes|origin)=\{(?:[^{}"]|"(?:[^"\\]|\\.)*"|\{[^{}]*\})*\}',
    r" stack_frame_id=\d+",
    r" source_file=\S+",
    r" source_line=\d+",
)
_NAMED = re.compile(r" (?:fusion|sort|custom-call|all-reduce|while|copy)\(")
_KEPT = re.compile(r'"(?:estimated_cycles":"\d+"|known_trip_count":\{"n":"\d+"\})')


def _doubled(values: jax.Array) -> jax.Array:
    """Twice the values, by a Pallas kernel."""

    def kernel(source: jax.Array, result: jax.Array) -> None:
        result[...] = source[...] * 2

    return pl.pallas_call(kernel, out_shape=jax.ShapeDtypeStruct(values.shape, values.dtype))(values)


def program(table: jax.Array, at: jax.Array, depths: jax.Array) -> tuple[jax.Array, ...]:
    """A lookup in chunks with its gradient, and numbers brought into order; on each device of a mesh.

    Args:
      table: `[ROWS, 128]`.
      at: rows to look up, `[CHUNKS, POINTS]`.
      depths: `[RAYS, SAMPLES]`.
    """

    def chunk(table: jax.Array, at: jax.Array) -> jax.Array:
        with jax.named_scope("lookup"):
            return jnp.sum(jnp.square(table.at[at].get(mode="promise_in_bounds").astype(jnp.float32)))

    def loss(table: jax.Array) -> jax.Array:
        return jnp.sum(lax.map(jax.checkpoint(functools.partial(chunk, table)), at))

    value, gradient = jax.value_and_grad(loss)(table)
    with jax.named_scope("compositing"):
        places = jnp.argsort(depths, axis=-1)
        ordered = jnp.take_along_axis(jnp.sin(depths), places, axis=-1)
    with jax.named_scope("decoder"):
        products = _doubled(jnp.dot(ordered, ordered.T)[:128, :128])
    return lax.psum(value, "sample"), lax.psum(gradient, "sample"), ordered, products


def compiled_text() -> str:
    """Compile `program` for two chips of a TPU v5e, and return its text."""
    mesh = Mesh(topology.find("v5e:2x2").devices[:2], ("sample",))
    each, same = PartitionSpec("sample"), PartitionSpec()
    function = jax.shard_map(
        program, mesh=mesh, in_specs=(same, each, each), out_specs=(same, same, each, each), check_vma=False
    )
    shapes = [
        jax.ShapeDtypeStruct((ROWS, 128), jnp.bfloat16, sharding=NamedSharding(mesh, same)),
        jax.ShapeDtypeStruct((2 * CHUNKS, POINTS), jnp.int32, sharding=NamedSharding(mesh, each)),
        jax.ShapeDtypeStruct((2 * RAYS, SAMPLES), jnp.float32, sharding=NamedSharding(mesh, each)),
    ]
    return jax.jit(function).lower(*shapes).compile().as_text() or ""


FUSED_POINTS, SIDE = 8_192, 16
"""Points of each of two images, and texels along each side of their planes, of the second program."""


def fused_text() -> str:
    """Compile lookup and decoder of two images in one kernel, with the planes' gradient, for a TPU v5e."""
    there = SingleDeviceSharding(topology.find("v5e:1x1").devices[0])
    compute = Compute(fused=True, dtype=jnp.bfloat16)
    config = GeneratorConfig()
    graph, layers = nnx.split(nnx.eval_shape(lambda: OSGDecoder(32, rngs=nnx.Rngs(0))))

    def loss(planes: jax.Array, layers: nnx.State, points: jax.Array) -> jax.Array:
        texels = merged_texels(planes, config, compute)
        found = decode_points(texels, points, nnx.merge(graph, layers), config, compute)
        return jnp.sum(found.rgb.astype(jnp.float32)) + jnp.sum(found.sigma)

    shapes = (
        jax.ShapeDtypeStruct((2, 3, SIDE, SIDE, 32), jnp.float32),
        layers,
        jax.ShapeDtypeStruct((2, FUSED_POINTS, 3), jnp.float32),
    )
    placed = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=there), shapes)
    return jax.jit(jax.grad(loss)).lower(*placed).compile().as_text() or ""


def shortened(text: str) -> str:
    """Drop what no reader of a program's text looks at: sources, notes, and insides of estimated fusions."""
    estimated = {
        found.attribute(r"calls=(%[\w.\-]+)")
        for lines in hlo.computations(text)[0].values()
        for found in lines
        if "estimated_cycles" in found.rest
    }
    inside = re.compile("|".join(rf"\n{re.escape(name)} .*?\n\}}\n" for name in estimated - {""}), re.DOTALL)
    text, lines = inside.sub("\n", text), []
    for line in text.splitlines():
        if line.startswith("HloModule"):
            line = line.split(",")[0]
        elif re.match(r"\d+ ", line) or line in (
            "FileNames",
            "FunctionNames",
            "FileLocations",
            "StackFrames",
        ):
            continue
        for pattern in _DROPPED:
            line = re.sub(pattern, "", line)
        if not _NAMED.search(line):
            line = re.sub(r", metadata=\{.*?\}", "", line)
        line, found, notes = line.partition(", backend_config=")
        kept = _KEPT.findall(notes)
        lines.append(line + f", backend_config={{{','.join(kept)}}}" * bool(found and kept))
    return re.sub(r"\n{2,}", "\n\n", "\n".join(lines)).strip() + "\n"


if __name__ == "__main__":
    minor = "_".join(jax.__version__.split(".")[:2])
    for name, text in (("jax", compiled_text()), ("fused", fused_text())):
        (FOLDER / f"{name}_{minor}.txt").write_text(shortened(text), encoding="utf-8")
