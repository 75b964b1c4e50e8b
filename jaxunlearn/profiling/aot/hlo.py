"""Read an optimised program's text: what devices exchange, and how long the compiler thinks it takes.

The text is XLA's HLO: computations in braces, an instruction a line, `%name = shape opcode(operands), …`.
"""

import dataclasses
import math
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

KINDS = ("all-reduce", "all-gather", "all-to-all", "reduce-scatter", "collective-permute")
_BITS = {"pred": 8, "bf16": 16, "s4": 4, "u4": 4}
_INSTRUCTION = re.compile(
    r"^\s+(?:ROOT )?%?[\w.\-]+ = (?P<shape>\(.*?\)|\S+) (?P<opcode>[\w\-]+)\((?P<rest>.*)$"
)
_ARRAY = re.compile(r"\b([a-z]+\d*\w*)\[([\d,]*)\]")
_CALLED = re.compile(r"(calls|to_apply|body|condition|branch_computations)=\{?(%[\w.\-]+(?:, %[\w.\-]+)*)")
_CYCLES = re.compile(r'"estimated_cycles":"(\d+)"')
_TRIPS = re.compile(r'"known_trip_count":\{"n":"(\d+)"\}')
_GROUPS = re.compile(r"replica_groups=(\{\{.*?\}\}|\[[\d,]+\]<=\[[\d,]+\](?:T\([\d,]+\))?)")
_PAIRS = re.compile(r"source_target_pairs=(\{\{.*?\}\})")


class Collective(NamedTuple):
    """One exchange between devices."""

    kind: str
    size: int
    """Bytes that a device ends up with."""

    groups: tuple[tuple[int, ...], ...]
    """Who exchanges with whom, as places in the mesh, row by row; empty for all with all."""

    trips: int
    """How often it runs in a step."""


@dataclasses.dataclass
class _Instruction:
    opcode: str
    shape: str
    rest: str


Computations = dict[str, list[_Instruction]]


def computations(text: str) -> tuple[Computations, str]:
    """Computations by name, and the entry's name."""
    found: Computations = {}
    current: list[_Instruction] | None = None
    entry = ""
    for line in text.splitlines():
        if line.endswith("{") and not line.startswith((" ", "HloModule")):
            name = "%" + line.removeprefix("ENTRY ").lstrip("%").split(" ")[0].split("(")[0]
            current = found.setdefault(name, [])
            entry = name if line.startswith("ENTRY") else entry
        elif line.startswith("}"):
            current = None
        elif current is not None and (match := _INSTRUCTION.match(re.sub(r"/\*.*?\*/", "", line))):
            current.append(_Instruction(match["opcode"], match["shape"], match["rest"]))
    return found, entry


def _bytes(shape: str) -> list[int]:
    """Of each array of a shape."""
    sizes = []
    for kind, sides in _ARRAY.findall(shape):
        bits = _BITS.get(kind) or int("".join(re.findall(r"\d+", kind)[:1]) or 0)
        sizes.append(math.prod(int(side) for side in sides.split(",") if side) * bits // 8)
    return sizes


def _groups(rest: str) -> tuple[tuple[int, ...], ...]:
    if match := _PAIRS.search(rest):
        return _listed(match[1])
    match = _GROUPS.search(rest)
    if match is None:
        return ()
    text = match[1]
    if text.startswith("{{"):
        return _listed(text)
    # [groups,size]<=[sides]T(order): the numbers from 0 in a grid, its axes reordered, read off in groups
    shape, sides, *order = (
        [int(n) for n in part.split(",")] for part in re.findall(r"[\[(]([\d,]+)[\])]", text)
    )
    grid = np.arange(math.prod(sides)).reshape(sides)
    rows = (grid.transpose(order[0]) if order else grid).reshape(shape[0], -1)
    return tuple(tuple(int(n) for n in row) for row in rows)


def _listed(text: str) -> tuple[tuple[int, ...], ...]:
    rows = re.findall(r"\{([\d,\s]*)\}", text[1:-1])
    return tuple(tuple(int(n) for n in row.split(",") if n.strip()) for row in rows)


def _trips(program: Computations, loop: _Instruction) -> int:
    """How often a loop's body runs: said by the loop, or the number that its condition compares with."""
    if known := _TRIPS.search(loop.rest):
        return int(known[1])
    condition = dict(_called(loop)).get("condition", "")
    limits = [
        int(match[1])
        for instruction in program.get(condition, [])
        if instruction.opcode == "constant" and (match := re.match(r"(\d+)\)", instruction.rest))
    ]
    return limits[0] if len(limits) == 1 else 1


def _called(instruction: _Instruction) -> Iterator[tuple[str, str]]:
    for role, names in _CALLED.findall(instruction.rest):
        for name in names.split(", "):
            yield role, name


def _walk(program: Computations, name: str, trips: int) -> Iterator[tuple[_Instruction, int]]:
    """Every instruction that runs by itself, with how often; what is inside of a fusion does not."""
    for instruction in program.get(name, []):
        yield instruction, trips
        if instruction.opcode == "fusion" and "async_collective" not in instruction.rest:
            continue
        inner = trips * (_trips(program, instruction) if instruction.opcode == "while" else 1)
        for role, called in _called(instruction):
            if role != "to_apply" or instruction.opcode == "call":
                yield from _walk(program, called, inner)


def collectives(text: str) -> list[Collective]:
    """Everything that devices exchange; asynchronous exchanges are counted where they start."""
    program, entry = computations(text)
    found = []
    for instruction, trips in _walk(program, entry, 1):
        kind = instruction.opcode.removesuffix("-start")
        if kind in KINDS:
            sizes = _bytes(instruction.shape)
            if instruction.opcode != kind and len(sizes) > 1 and instruction.shape.startswith("(("):
                sizes = sizes[len(sizes) // 2 :]  # a start holds operands beside results
            found.append(Collective(kind, sum(sizes), _groups(instruction.rest), trips))
    return found


def estimated_cycles(text: str) -> int | None:
    """The compiler's estimate for a step, loops multiplied out; None where it gives none."""
    program, entry = computations(text)
    found = [
        trips * int(match[1])
        for instruction, trips in _walk(program, entry, 1)
        if (match := _CYCLES.search(instruction.rest))
    ]
    return sum(found) if found else None


def axis_of(groups: Sequence[Sequence[int]], sample: int) -> str:
    """Along which axis of a mesh with `sample` devices in a row groups lie: identity, sample, or both."""
    rows = all(len({place // sample for place in group}) <= 1 for group in groups)
    columns = all(len({place % sample for place in group}) <= 1 for group in groups)
    if not groups or not (rows or columns):
        return "both"
    return "sample" if rows else "identity"
