"""Read the text of an optimised program: its instructions, loops, and exchanges between devices.

The text is XLA's HLO: computations in braces, one instruction per line: `%name = shape opcode(operands), …`.
"""

import dataclasses
import math
import re
from collections.abc import Iterator
from typing import NamedTuple

from jaxunlearn.profiling.aot.device_groups import Groups, device_groups

KINDS = ("all-reduce", "all-gather", "all-to-all", "reduce-scatter", "collective-permute")
_BITS = {"pred": 8, "bf16": 16, "s4": 4, "u4": 4}
_INSTRUCTION = re.compile(
    r"^\s+(?:ROOT )?(?P<name>%?[\w.\-]+) = (?P<shape>\(.*?\)|\S+) (?P<opcode>[\w\-]+)\((?P<rest>.*)$"
)
_ARRAY = re.compile(r"\b([a-z]+\d*\w*)\[([\d,]*)\]")
_CALLED = re.compile(r"(calls|to_apply|body|condition|branch_computations)=\{?(%[\w.\-]+(?:, %[\w.\-]+)*)")
_TRIPS = re.compile(r'"known_trip_count":\{"n":"(\d+)"\}')


class Collective(NamedTuple):
    """One exchange between devices."""

    kind: str
    size: int
    """Bytes of the result on a device."""

    groups: Groups

    trips: int
    """Number of runs in a step."""


@dataclasses.dataclass
class Instruction:
    """One line of a computation.

    Attributes:
      name: with its %.
      opcode: such as "fusion".
      shape: of the result, with layout.
      rest: operands after the opening parenthesis, attributes, metadata and the compiler's notes.
    """

    name: str
    opcode: str
    shape: str
    rest: str

    @property
    def operands(self) -> list[str]:
        """Names of the operands."""
        return re.findall(r"%[\w.\-]+", self.rest.split(")", 1)[0])

    @property
    def stem(self) -> str:
        """The name without its % and its number."""
        return re.sub(r"[.\d]*$", "", self.name.removeprefix("%"))

    @property
    def op_name(self) -> str:
        """Path of scopes that it was made in, see `scopes`; "" for many of the compiler's own."""
        return self.attribute(r'op_name="([^"]*)"')

    def attribute(self, pattern: str) -> str:
        """Return the first group of a regular expression in `rest`; "" if it does not match."""
        match = re.search(pattern, self.rest)
        return match[1] if match else ""


Computations = dict[str, list[Instruction]]


def computations(text: str) -> tuple[Computations, str]:
    """Return the computations by name, and the name of the entry."""
    program: Computations = {}
    current: list[Instruction] | None = None
    entry = ""
    for line in text.splitlines():
        if line.endswith("{") and not line.startswith((" ", "HloModule")):
            name = "%" + line.removeprefix("ENTRY ").lstrip("%").split(" ")[0].split("(")[0]
            current = program.setdefault(name, [])
            entry = name if line.startswith("ENTRY") else entry
        elif line.startswith("}"):
            current = None
        elif current is not None and (match := _INSTRUCTION.match(re.sub(r"/\*.*?\*/", "", line))):
            current.append(Instruction(match["name"], match["opcode"], match["shape"], match["rest"]))
    return program, entry


def arrays(shape: str) -> list[tuple[int, tuple[int, ...]]]:
    """Return the bits of a number and the sides of each array of a shape."""
    found = []
    for kind, sides in _ARRAY.findall(shape):
        bits = _BITS.get(kind) or int("".join(re.findall(r"\d+", kind)[:1]) or 0)
        found.append((bits, tuple(int(side) for side in sides.split(",") if side)))
    return found


def sizes_of(shape: str) -> list[int]:
    """Return the bytes of each array of a shape."""
    return [math.prod(sides) * bits // 8 for bits, sides in arrays(shape)]


def _trips(program: Computations, loop: Instruction) -> int:
    """Return the runs of a loop's body: stated by the loop, or the limit in its condition."""
    if known := _TRIPS.search(loop.rest):
        return int(known[1])
    condition = dict(called(loop)).get("condition", "")
    limits = [
        int(match[1])
        for instruction in program.get(condition, [])
        if instruction.opcode == "constant" and (match := re.match(r"(\d+)\)", instruction.rest))
    ]
    return limits[0] if len(limits) == 1 else 1


def called(instruction: Instruction) -> Iterator[tuple[str, str]]:
    """Yield role and name of the computations that an instruction calls."""
    for role, names in _CALLED.findall(instruction.rest):
        for name in names.split(", "):
            yield role, name


def walk(program: Computations, name: str, trips: int) -> Iterator[tuple[Instruction, int]]:
    """Yield every instruction that runs by itself (not inside of a fusion), and its number of runs."""
    for instruction in program.get(name, []):
        yield instruction, trips
        if instruction.opcode == "fusion" and "async_collective" not in instruction.rest:
            continue
        inner = trips * (_trips(program, instruction) if instruction.opcode == "while" else 1)
        for role, name_called in called(instruction):
            if role != "to_apply" or instruction.opcode == "call":
                yield from walk(program, name_called, inner)


def collectives(text: str) -> list[Collective]:
    """Return all exchanges between devices; asynchronous exchanges are counted at their start."""
    program, entry = computations(text)
    exchanges = []
    for instruction, trips in walk(program, entry, 1):
        kind = instruction.opcode.removesuffix("-start")
        if kind in KINDS:
            shape = instruction.shape
            if instruction.opcode not in (kind, "all-reduce-start") and len(members := _members(shape)) > 1:
                shape = members[1]  # after the operands
            exchanges.append(Collective(kind, sum(sizes_of(shape)), device_groups(instruction.rest), trips))
    return exchanges


def _members(shape: str) -> list[str]:
    """Return the shapes of a tuple's members, some of which may be tuples."""
    members, depth = [""], 0
    for character in shape[1:-1]:
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 0:
            members.append("")
        else:
            members[-1] += character
    return members
