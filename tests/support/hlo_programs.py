"""Compile a small program for TPUs that are not here, and keep the part of its text that is read.

    python -m tests.support.hlo_programs

Needs libtpu's compiler (`pip install 'jaxunlearn[tpu]'`). It writes `tests/goldens/hlo/jax_0_10.txt`, named
after the JAX version that runs. The program has every form of operation without an estimate that a step has.
"""

import functools
import re
from pathlib import Path

import jax
import jax.numpy as jnp
from jax import lax
from jax.experimental import pallas as pl
from jax.sharding import Mesh, NamedSharding, PartitionSpec

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
    (FOLDER / f"jax_{minor}.txt").write_text(shortened(compiled_text()), encoding="utf-8")
