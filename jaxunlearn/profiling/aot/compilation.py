"""Compile the step for a topology, and report what each device needs."""

import dataclasses
import re
import time
from typing import Any

import jax

from jaxunlearn.models.flops import Networks
from jaxunlearn.profiling.aot import cycles
from jaxunlearn.profiling.aot.cycles import Cycles
from jaxunlearn.profiling.aot.topology import Topology
from jaxunlearn.profiling.by_part import step_flops
from jaxunlearn.profiling.copies import CopySize, bytes_of, copy_size
from jaxunlearn.profiling.devices import chip
from jaxunlearn.profiling.exchanges import Exchange, exchanges
from jaxunlearn.profiling.workload import Workload
from jaxunlearn.sharding import IDENTITY, SAMPLE, make_mesh
from jaxunlearn.training.turns import Turns

_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_USED = (
    re.compile(r"Used ([\d.]+)([KMGT]?)B? of ([\d.]+)([KMGT]?)B? hbm", re.IGNORECASE),
    re.compile(r"HLO temporaries \(([\d.]+)([KMGT]?)B?\) exceeds available HBM \(([\d.]+)([KMGT]?)B?\)"),
)
_LARGEST = re.compile(r"Size: ([\d.]+)([KMGT]?)B?\s+(?:Operator: op_name=\"([^\"]*)\"[^\n]*\s+)?Shape: (\S+)")


@dataclasses.dataclass(frozen=True)
class Memory:
    """Memory of one device, in bytes.

    Attributes:
      arguments, outputs: of the program.
      aliased: part of the outputs that takes the place of arguments.
      temporaries: needed while the program runs.
      code: of the program itself.
      available: memory of the device.
    """

    arguments: int
    outputs: int
    aliased: int
    temporaries: int
    code: int
    available: int

    @property
    def total(self) -> int:
        """Memory needed at one time."""
        return self.arguments + self.outputs - self.aliased + self.temporaries + self.code


@dataclasses.dataclass(frozen=True)
class Report:
    """The result of a compilation.

    Attributes:
      topology, platform, device_kind: the devices compiled for.
      devices: number of devices in the mesh.
      mesh: devices along "identity" and "sample".
      copies: generator copies, `K`.
      at_once: copies that a device trains at the same time.
      pairs: pairs of a copy in a step.
      copy: what a device holds for each copy.
      shared: bytes that a device holds once, for all of its copies.
      padding: fraction of work that is not needed, by name.
      fits: True if the program fits into a device's memory.
      needed, available: bytes of a device; if the compiler refused the program, from its message.
      memory: None if the compiler refused the program.
      largest: the largest temporaries, if the compiler lists them.
      flops: XLA's count for one device, with bodies of loops counted once.
      exchanges: collectives between devices.
      model_flops: operations of a step that one device has to do, see `step_flops`, if asked for.
      cycles: of a step, if the compiler estimates them.
      lower_seconds, compile_seconds: time of tracing and of compiling.
    """

    topology: str
    platform: str
    device_kind: str
    devices: int
    mesh: tuple[int, int]
    copies: int
    at_once: int
    pairs: int
    copy: CopySize
    shared: int
    padding: dict[str, float]
    fits: bool
    needed: int
    available: int
    memory: Memory | None
    largest: tuple[dict[str, Any], ...]
    flops: float | None
    exchanges: tuple[Exchange, ...]
    model_flops: float | None
    cycles: Cycles | None
    lower_seconds: float
    compile_seconds: float

    @property
    def seconds(self) -> float | None:
        """Time of the known cycles, without waiting; None if cycles or the clock are unknown."""
        known = chip(self.device_kind)
        if self.cycles is None or known is None or known.clock is None:
            return None
        return self.cycles.total / known.clock

    @property
    def mfu(self) -> float | None:
        """Share of the chip's peak that model operations reach in `seconds`; None if either is unknown."""
        known, seconds = chip(self.device_kind), self.seconds
        if known is None or seconds is None or self.model_flops is None:
            return None
        return self.model_flops / seconds / known.flops

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        counted = {"cycles": self.cycles and self.cycles.to_json(), "seconds": self.seconds, "mfu": self.mfu}
        return dataclasses.asdict(dataclasses.replace(self, cycles=None)) | counted


def compile_step(
    workload: Workload,
    topology: Topology,
    shape: tuple[int, int] | None,
    copies: int,
    networks: Networks | None = None,
) -> tuple[Report, Any]:
    """Compile the step of `copies` generator copies.

    Args:
      workload: networks and settings; the networks may be shapes only.
      topology: the devices to compile for.
      shape: devices along "identity" and along "sample"; None for one device, as in a run without a mesh.
      copies: `K`.
      networks: sizes of the networks, to count model operations.

    Returns:
      The report and the executable; None instead of the executable if the compiler found it too large.

    Raises:
      InputError: if the topology has too few devices.
    """
    mesh = make_mesh(*(shape or (1, 1)), topology.devices)
    recipe = workload.recipe(copies, mesh, topology.platform)
    if shape is None:
        recipe = dataclasses.replace(recipe, turns=turns_without_mesh(workload, topology.platform))
    began = time.perf_counter()
    arguments = workload.outline(recipe)
    lowered = jax.jit(recipe.advance(), donate_argnums=0).lower(*arguments)
    lower_seconds = time.perf_counter() - began
    common: dict[str, Any] = {
        "topology": topology.name,
        "platform": topology.platform,
        "device_kind": topology.kind,
        "devices": mesh.size,
        "mesh": (mesh.shape[IDENTITY], mesh.shape[SAMPLE]),
        "copies": copies,
        "at_once": recipe.at_once,
        "pairs": recipe.settings.sampling.count,
        "copy": copy_size(arguments[0], arguments[2], recipe.trained),
        "shared": bytes_of(arguments[1]),
        "padding": recipe.padding(),
        "model_flops": networks
        and step_flops.total(step_flops.step(networks, recipe.settings)) * copies / mesh.size,
        "lower_seconds": round(lower_seconds, 2),
    }
    began = time.perf_counter()
    try:
        executable = lowered.compile()
    except jax.errors.JaxRuntimeError as error:
        refusal = too_large(str(error))
        if refusal is None:
            raise
        common["compile_seconds"] = round(time.perf_counter() - began, 2)
        return _refused(common, *refusal), None
    common["compile_seconds"] = round(time.perf_counter() - began, 2)
    return _compiled(common, executable, int(topology.memory), mesh.shape[SAMPLE]), executable


def turns_without_mesh(workload: Workload, platform: str) -> Turns:
    """Return the turns of a run without a mesh, but in one program, which needs as much memory as its calls.

    Args:
      workload: with the settings of the run.
      platform: of the device, as returned by `jax.default_backend()`.
    """
    turns = Turns.chosen(workload.config.copies_at_once, platform, None)
    return dataclasses.replace(turns, apart=False)


def _refused(
    common: dict[str, Any], needed: int, available: int, largest: tuple[dict[str, Any], ...]
) -> Report:
    """Return the report of a program that the compiler found too large."""
    return Report(
        **common,
        fits=False,
        needed=needed,
        available=available,
        memory=None,
        largest=largest,
        flops=None,
        exchanges=(),
        cycles=None,
    )


def _compiled(common: dict[str, Any], executable: Any, available: int, sample: int) -> Report:
    """Return the report of a compiled program; `sample` is the number of devices along that axis."""
    text = executable.as_text() or ""
    memory = _memory(executable, available)
    return Report(
        **common,
        fits=memory.total <= memory.available,
        needed=memory.total,
        available=memory.available,
        memory=memory,
        largest=(),
        flops=(executable.cost_analysis() or {}).get("flops"),
        exchanges=exchanges(text, sample),
        cycles=cycles.count(text),
    )


def _memory(executable: Any, available: int) -> Memory:
    analysis = executable.memory_analysis()
    return Memory(
        arguments=analysis.argument_size_in_bytes,
        outputs=analysis.output_size_in_bytes,
        aliased=analysis.alias_size_in_bytes,
        temporaries=analysis.temp_size_in_bytes,
        code=analysis.generated_code_size_in_bytes,
        available=available,
    )


def too_large(message: str) -> tuple[int, int, tuple[dict[str, Any], ...]] | None:
    """Read the TPU compiler's message about too little memory.

    Returns:
      Bytes needed, bytes available, and the largest arrays; None if the message is about something else.
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
