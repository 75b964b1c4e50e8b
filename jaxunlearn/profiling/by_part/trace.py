"""Trace compiled functions: how long the device spends in each operation, and in which part of the step."""

import collections
import dataclasses
import itertools
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import jax
from jax.profiler import ProfileData

from jaxunlearn.profiling.aot import hlo
from jaxunlearn.profiling.by_part.scopes import OTHER, direction_of, part_of

_CONTAINERS = {"while", "call", "conditional"}
"""Instructions whose time is that of the instructions inside them."""


@dataclasses.dataclass(frozen=True)
class Operation:
    """What a device spends in all instances of one instruction, in one call; of several devices the mean.

    Attributes:
      name: of the instruction, or of the kernel where a trace does not tell the instruction.
      part: one of `scopes.SCOPES`, or `scopes.OTHER`.
      direction: "forward", "backward" or "recomputed".
      seconds: time of a call; where a device works on several operations at a time, they all count.
      count: instances in a call.
    """

    name: str
    part: str
    direction: str
    seconds: float
    count: float


def operations(call: Callable[[], Any], calls: int, program: str, devices: int = 1) -> list[Operation]:
    """Trace a compiled function, and return its operations, the longest first.

    Args:
      call: the function; it has been called before.
      calls: number of traced calls.
      program: text of the compiled program, which says where its instructions come from.
      devices: number of devices that the function runs on.
    """
    with tempfile.TemporaryDirectory() as folder:
        with jax.profiler.trace(folder):
            for _ in range(calls):
                jax.block_until_ready(call())
        (file,) = Path(folder).glob("**/*.xplane.pb")
        events = list(_device_events(ProfileData.from_file(str(file))))
    return _added_up(events, calls * devices, program)


def _device_events(data: Any) -> Iterator[tuple[str, float]]:
    """Yield the instruction, or else the kernel, and the seconds of everything that a device did."""
    for plane in data.planes:
        on_gpu = plane.name.startswith("/device:GPU")
        for line in plane.lines:
            # A GPU's other lines repeat what its streams did, grouped by module or by source.
            if on_gpu and not line.name.startswith("Stream"):
                continue
            for event in line.events:
                instruction = dict(event.stats).get("hlo_op")
                if instruction is not None or on_gpu:
                    yield str(instruction or event.name), event.duration_ns * 1e-9


def _added_up(events: Iterable[tuple[str, float]], calls: int, program: str) -> list[Operation]:
    """Add up events of `calls` calls by instruction; instructions that contain others are left out."""
    origins = dict(_origins(program))
    seconds: dict[str, float] = collections.defaultdict(float)
    counts: collections.Counter[str] = collections.Counter()
    for name, duration in events:
        seconds[name] += duration
        counts[name] += 1
    found = []
    for name in sorted(seconds, key=lambda name: -seconds[name]):
        opcode, op_name = origins.get(name, ("", ""))
        if opcode in _CONTAINERS:
            continue
        part, direction = (part_of(op_name), direction_of(op_name)) if op_name else (OTHER, "forward")
        found.append(Operation(name, part, direction, seconds[name] / calls, counts[name] / calls))
    return found


def _origins(program: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield the opcode and the origin, by instruction; a fusion without an origin has that of its result."""
    computations, _ = hlo.computations(program)
    for instruction in itertools.chain.from_iterable(computations.values()):
        inside = [
            inner.op_name
            for role, name in hlo.called(instruction)
            if role == "calls"
            for inner in computations.get(name, [])
        ]
        # The result comes last.
        origin = instruction.op_name or next(filter(None, reversed(inside)), "")
        yield instruction.name.lstrip("%"), (instruction.opcode, origin)
