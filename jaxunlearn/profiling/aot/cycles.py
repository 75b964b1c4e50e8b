"""Count the cycles of a program: the compiler's estimates, and what it leaves out.

The TPU compiler writes an estimate beside most operations, but not beside gathers, scatters, sorts and custom
calls. Those that `rows` can count are added. The others are listed, so that no work moves out of sight.
"""

import collections
import dataclasses
import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from jaxunlearn.profiling.aot import hlo, rows
from jaxunlearn.profiling.aot.hlo import Computations, Instruction
from jaxunlearn.profiling.by_part.scopes import direction_of, part_of

_FREE = {
    "after-all",
    "bitcast",
    "call",
    "conditional",
    "constant",
    "get-tuple-element",
    "opt-barrier",
    "parameter",
    "partition-id",
    "tuple",
    "while",
}
"""Instructions that do nothing by themselves."""

_FREE_CALLS = {"ConcatBitcast", "AllocateBuffer"}
_ESTIMATE = r'"estimated_cycles":"(\d+)"'
_TILE = 8 * 128 * 4
"""Bytes of one register; an operation without an estimate on less is left out."""

_DEAREST = 10
_NEAR = 4
"""Number of instructions, one using the next, among which a name is looked for."""


class Operation(NamedTuple):
    """One instruction, or several that are alike, with all of their runs in a step.

    Attributes:
      kind: opcode, the target of a custom call, or the name of a fusion without its number.
      shape: of the result, without layout.
      part, direction: see `scopes`.
      runs: number of runs.
      cycles: of all runs; None if unknown.
      estimated: True if the compiler estimated them.
      bytes: of the result, in all runs.
    """

    kind: str
    shape: str
    part: str
    direction: str
    runs: int
    cycles: int | None
    estimated: bool
    bytes: int


@dataclasses.dataclass(frozen=True)
class PartCycles:
    """Cycles of one part of a step in one direction.

    Attributes:
      part, direction: see `scopes`.
      estimated: by the compiler.
      added: of gathers, scatters, sorts and our own kernels, counted by `rows`.
    """

    part: str
    direction: str
    estimated: int
    added: int

    @property
    def total(self) -> int:
        """All cycles that are known."""
        return self.estimated + self.added


@dataclasses.dataclass(frozen=True)
class Unknown:
    """Instructions of one kind in one part, whose cycles nobody knows.

    Attributes:
      kind: opcode, the target of a custom call, or the name of a fusion without its number.
      part: see `scopes`.
      count: number of instructions.
      runs: number of their runs in a step.
      bytes: of their results, in all runs.
    """

    kind: str
    part: str
    count: int
    runs: int
    bytes: int


@dataclasses.dataclass(frozen=True)
class Cycles:
    """Cycles of a step on one device.

    Attributes:
      estimated: by the compiler, with all turns of loops.
      added: of gathers, scatters, sorts and our own kernels, which have no estimate: a lower bound.
      parts: the same by part and direction, the greatest first.
      dearest: the ten most expensive operations.
      unknown: operations that are in neither number, the largest results first.
    """

    estimated: int
    added: int
    parts: tuple[PartCycles, ...]
    dearest: tuple[Operation, ...]
    unknown: tuple[Unknown, ...]

    @property
    def total(self) -> int:
        """All cycles that are known."""
        return self.estimated + self.added

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        lists = {
            "parts": [dataclasses.asdict(part) for part in self.parts],
            "dearest": [operation._asdict() for operation in self.dearest],
            "unknown": [dataclasses.asdict(group) for group in self.unknown],
        }
        return {"estimated": self.estimated, "added": self.added, **lists}


def count(text: str) -> Cycles | None:
    """Count the cycles of an optimised program, given as text; None if the compiler estimates nothing."""
    operations = list(operations_of(text))
    if not any(operation.estimated for operation in operations):
        return None
    known = [operation for operation in operations if operation.cycles is not None]
    parts = _by_part(known)
    return Cycles(
        sum(part.estimated for part in parts),
        sum(part.added for part in parts),
        parts,
        tuple(sorted(_alike(known), key=lambda found: -(found.cycles or 0))[:_DEAREST]),
        _unknown(operation for operation in operations if operation.cycles is None),
    )


def _alike(operations: Iterable[Operation]) -> Iterator[Operation]:
    """Yield one operation for all that differ in nothing but their cycles."""
    groups: dict[Any, list[Operation]] = collections.defaultdict(list)
    for found in operations:
        groups[found._replace(runs=0, cycles=None, bytes=0)].append(found)
    for group in groups.values():
        runs, size = sum(found.runs for found in group), sum(found.bytes for found in group)
        yield group[0]._replace(runs=runs, cycles=sum(found.cycles or 0 for found in group), bytes=size)


def operations_of(text: str) -> Iterator[Operation]:
    """Yield all operations of a program that cost something, or may cost something."""
    program, entry = hlo.computations(text)
    names = _Names(program)
    for instruction, runs in hlo.walk(program, entry, 1):
        estimate = instruction.attribute(_ESTIMATE)
        kind = _kind(instruction)
        size = sum(hlo.sizes_of(instruction.shape))
        if kind.endswith("-start"):
            size = max(hlo.sizes_of(instruction.shape), default=0)
        if not estimate and (instruction.opcode in _FREE or kind in _FREE_CALLS or kind.endswith("-done")):
            continue
        each = int(estimate) if estimate else rows.counted(program, instruction)
        if each is None and size < _TILE:
            continue
        name = names.of(instruction)
        yield Operation(
            kind,
            re.sub(r"\{[^}]*\}", "", instruction.shape),
            part_of(name),
            direction_of(name),
            runs,
            None if each is None else runs * each,
            bool(estimate),
            runs * size,
        )


def _kind(instruction: Instruction) -> str:
    """Return what an instruction is called: a fusion has a name such as "gather_fusion.12"."""
    if instruction.opcode == "fusion":
        return instruction.stem
    return instruction.attribute(r'custom_call_target="([^"]*)"') or instruction.opcode


class _Names:
    """Find the names of operations; the compiler's own instructions take one of those that use them.

    Args:
      program: all computations.
    """

    def __init__(self, program: Computations):
        self._by_name = {found.name: found for lines in program.values() for found in lines}
        self._users: dict[str, list[str]] = collections.defaultdict(list)
        for found in self._by_name.values():
            for operand in found.operands:
                self._users[operand].append(found.name)

    def of(self, instruction: Instruction) -> str:
        """Return the name of an operation; "" if none is near."""
        return self._search(instruction, forward=True) or self._search(instruction, forward=False)

    def _search(self, instruction: Instruction, *, forward: bool) -> str:
        """Look for a name breadth first, among users or among operands."""
        near = [instruction]
        for _ in range(_NEAR):
            for found in near:
                if "/" in found.op_name:
                    return found.op_name
            following = [
                name for found in near for name in (self._users[found.name] if forward else found.operands)
            ]
            near = [self._by_name[name] for name in following if name in self._by_name]
        return ""


def _by_part(operations: Iterable[Operation]) -> tuple[PartCycles, ...]:
    estimated: collections.Counter[tuple[str, str]] = collections.Counter()
    added: collections.Counter[tuple[str, str]] = collections.Counter()
    for operation in operations:
        counter = estimated if operation.estimated else added
        counter[operation.part, operation.direction] += operation.cycles or 0
    parts = [PartCycles(*key, estimated[key], added[key]) for key in estimated.keys() | added.keys()]
    return tuple(sorted(parts, key=lambda part: (-part.total, part.part, part.direction)))


def _unknown(operations: Iterable[Operation]) -> tuple[Unknown, ...]:
    groups: dict[tuple[str, str], list[Operation]] = collections.defaultdict(list)
    for operation in operations:
        groups[operation.kind, operation.part].append(operation)
    found = [
        Unknown(*key, len(group), sum(o.runs for o in group), sum(o.bytes for o in group))
        for key, group in groups.items()
    ]
    return tuple(sorted(found, key=lambda group: (-group.bytes, group.kind, group.part)))
