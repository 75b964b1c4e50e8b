"""Compile the step for a topology and say what a device of it would need."""

import collections
import dataclasses
import re
import time
from typing import Any

import jax

from jaxunlearn.profiling.aot import hlo
from jaxunlearn.profiling.aot.topology import Topology
from jaxunlearn.profiling.workload import Workload
from jaxunlearn.sharding import SAMPLE, make_mesh

_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_USED = (
    re.compile(r"Used ([\d.]+)([KMGT]?)B? of ([\d.]+)([KMGT]?)B? hbm", re.IGNORECASE),
    re.compile(r"HLO temporaries \(([\d.]+)([KMGT]?)B?\) exceeds available HBM \(([\d.]+)([KMGT]?)B?\)"),
)
_LARGEST = re.compile(r"Size: ([\d.]+)([KMGT]?)B?\s+(?:Operator: op_name=\"([^\"]*)\"[^\n]*\s+)?Shape: (\S+)")


@dataclasses.dataclass(frozen=True)
class Memory:
    """Bytes of one device.

    Attributes:
      arguments, outputs: of the program; `aliased` of the outputs take the place of arguments.
      temporaries: what the program needs while it runs.
      code: the program itself.
      available: what the device has.
    """

    arguments: int
    outputs: int
    aliased: int
    temporaries: int
    code: int
    available: int

    @property
    def total(self) -> int:
        """All that is there at once."""
        return self.arguments + self.outputs - self.aliased + self.temporaries + self.code


@dataclasses.dataclass(frozen=True)
class Exchange:
    """Collectives of one kind along one axis of the mesh, in a step."""

    kind: str
    axis: str
    """"identity", "sample", or "both"."""

    count: int
    bytes: int


@dataclasses.dataclass(frozen=True)
class Report:
    """What compiling found.

    Attributes:
      topology, platform, device_kind, devices: for what; `devices` are those of the mesh.
      mesh: devices along "identity" and "sample".
      copies: generator copies, `K`; `padding` says what is computed for nothing.
      pairs: of a copy.
      fits: whether a device's memory holds it.
      memory: None where the compiler refused; `needed` then has its words' number of bytes.
      needed: bytes.
      largest: what takes most of the temporaries, where the compiler says so.
      flops: XLA's own count for one device, bodies of loops counted once.
      exchanges: what devices exchange.
      estimated_cycles: the compiler's estimate of a step, if it gives one.
      lower_seconds, compile_seconds: tracing, and compiling.
    """

    topology: str
    platform: str
    device_kind: str
    devices: int
    mesh: tuple[int, int]
    copies: int
    pairs: int
    padding: dict[str, float]
    fits: bool
    needed: int
    available: int
    memory: Memory | None
    largest: tuple[dict[str, Any], ...]
    flops: float | None
    exchanges: tuple[Exchange, ...]
    estimated_cycles: int | None
    lower_seconds: float
    compile_seconds: float

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return dataclasses.asdict(self)


def compile_step(
    workload: Workload, topology: Topology, shape: tuple[int, int], copies: int
) -> tuple[Report, Any]:
    """Compile the step of `copies` generator copies.

    Args:
      workload: networks, which may be shapes only, and settings.
      topology: what to compile for.
      shape: devices along "identity" and along "sample".
      copies: `K`.

    Returns:
      The report, and the executable, None where the compiler found it too large.

    Raises:
      InputError: if the topology has too few devices.
    """
    mesh = make_mesh(*shape, topology.devices)
    recipe = workload.recipe(copies, mesh, topology.platform)
    began = time.perf_counter()
    lowered = jax.jit(recipe.advance(), donate_argnums=0).lower(*workload.outline(recipe))
    lowered_after = time.perf_counter() - began
    began = time.perf_counter()
    common: dict[str, Any] = {
        "topology": topology.name,
        "platform": topology.platform,
        "device_kind": topology.kind,
        "devices": mesh.size,
        "mesh": shape,
        "copies": copies,
        "pairs": recipe.settings.sampling.count,
        "padding": recipe.padding(),
        "lower_seconds": round(lowered_after, 2),
    }
    try:
        executable = lowered.compile()
    except jax.errors.JaxRuntimeError as error:
        refused = too_large(str(error))
        if refused is None:
            raise
        needed, available, largest = refused
        report = Report(
            **common,
            fits=False,
            needed=needed,
            available=available,
            memory=None,
            largest=largest,
            flops=None,
            exchanges=(),
            estimated_cycles=None,
            compile_seconds=round(time.perf_counter() - began, 2),
        )
        return report, None
    seconds = time.perf_counter() - began
    text = executable.as_text() or ""
    memory = _memory(executable, int(topology.memory))
    report = Report(
        **common,
        fits=memory.total <= memory.available,
        needed=memory.total,
        available=memory.available,
        memory=memory,
        largest=(),
        flops=(executable.cost_analysis() or {}).get("flops"),
        exchanges=_exchanges(text, mesh.shape[SAMPLE]),
        estimated_cycles=hlo.estimated_cycles(text),
        compile_seconds=round(seconds, 2),
    )
    return report, executable


def _memory(executable: Any, available: int) -> Memory:
    found = executable.memory_analysis()
    return Memory(
        arguments=found.argument_size_in_bytes,
        outputs=found.output_size_in_bytes,
        aliased=found.alias_size_in_bytes,
        temporaries=found.temp_size_in_bytes,
        code=found.generated_code_size_in_bytes,
        available=available,
    )


def _exchanges(text: str, sample: int) -> tuple[Exchange, ...]:
    counts: collections.Counter[tuple[str, str]] = collections.Counter()
    sizes: collections.Counter[tuple[str, str]] = collections.Counter()
    for found in hlo.collectives(text):
        key = found.kind, hlo.axis_of(found.groups, sample)
        counts[key] += found.trips
        sizes[key] += found.trips * found.size
    return tuple(Exchange(*key, counts[key], sizes[key]) for key in sorted(counts))


def too_large(message: str) -> tuple[int, int, tuple[dict[str, Any], ...]] | None:
    """What the TPU compiler says when memory does not suffice: bytes needed, bytes there, largest arrays.

    Returns:
      None if the message says something else.
    """
    match = next(filter(None, (pattern.search(message) for pattern in _USED)), None)
    if match is None:
        return None
    largest = [
        {"bytes": _number(size, unit), "operator": operator, "shape": shape}
        for size, unit, operator, shape in _LARGEST.findall(message)
    ]
    return _number(match[1], match[2]), _number(match[3], match[4]), tuple(largest[:10])


def _number(digits: str, unit: str) -> int:
    return int(float(digits) * _UNITS[unit.upper()])
