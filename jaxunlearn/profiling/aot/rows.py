"""Count gathers, scatters, sorts and our own kernels by `bundles`, where the compiler gives no estimate."""

import math
from collections.abc import Iterator

from jaxunlearn.profiling.aot import bundles
from jaxunlearn.profiling.aot.hlo import Computations, Instruction, arrays, called

NEAR = "S(1)"
"""In a layout: the core's own memory."""

Inside = tuple[Instruction, dict[str, Instruction]]
"""An instruction in a fusion, and its computation by name."""


def counted(program: Computations, instruction: Instruction) -> int | None:
    """Return the bundles of one run of an instruction; None if it holds anything that was not measured.

    Args:
      program: all computations, for the insides of fusions.
      instruction: an instruction without an estimate.
    """
    if instruction.opcode == "sort":
        return _sort(instruction)
    if instruction.opcode == "custom-call":
        return _kernel(instruction)
    if instruction.opcode != "fusion":
        return None
    inside = list(_inside(program, instruction))
    scatters = [found for found in inside if found[0].opcode == "scatter"]
    gathers = [found for found in inside if found[0].opcode == "gather"]
    if len(scatters) == 1 and len(gathers) < 2:
        return _scatter(*scatters[0], gathers)
    if gathers and not scatters:
        parts = [_gather(*found) for found in gathers]
        return None if None in parts else sum(part for part in parts if part)
    return None


def _inside(program: Computations, fusion: Instruction) -> Iterator[Inside]:
    """Yield the instructions of a fusion and of the fusions in it."""
    for role, name in called(fusion):
        if role == "calls":
            computation = {found.name: found for found in program.get(name, [])}
            for instruction in computation.values():
                yield instruction, computation
                if instruction.opcode == "fusion":
                    yield from _inside(program, instruction)


def _place(operand: str, computation: dict[str, Instruction]) -> str:
    """Return "near" or "far" for an operand: the place of the argument that it is made of."""
    instruction = computation.get(operand)
    while instruction is not None and instruction.opcode != "parameter" and instruction.operands:
        instruction = computation.get(instruction.operands[0])
    return "near" if instruction is not None and NEAR in instruction.shape else "far"


def _gather(instruction: Instruction, computation: dict[str, Instruction]) -> int | None:
    slices = _integers(instruction, "slice_sizes")
    [(bits, sides)] = arrays(instruction.shape)
    width = math.prod(slices)
    if width == 1:
        return round(math.prod(sides) * bundles.GATHERED_NUMBER)
    if width > bundles.LANES or slices[-1] != width:
        return None
    each = bundles.GATHERED_ROW.get((_place(instruction.operands[0], computation), bits))
    return None if each is None else round(math.prod(sides) // width * each)


def _scatter(scatter: Instruction, computation: dict[str, Instruction], gathers: list[Inside]) -> int | None:
    """Count a scatter of numbers, or of rows that a gather in the same fusion brings into order."""
    [(bits, sides)] = arrays(computation[scatter.operands[2]].shape)
    window = [sides[axis] for axis in _integers(scatter, "update_window_dims")]
    width = math.prod(window)
    if width == 1 and not gathers and "unique_indices=true" in scatter.rest:
        return round(math.prod(sides) * bundles.SCATTERED_NUMBER)
    if not gathers or not bundles.LANES >= width > 1 or window[-1] != width:
        return None
    gather, of_gather = gathers[0]
    each = bundles.SCATTERED_ROW.get((_place(gather.operands[0], of_gather), bits))
    return None if each is None else round(math.prod(sides) // width * each)


def _sort(instruction: Instruction) -> int | None:
    shapes = arrays(instruction.shape)
    [axis] = _integers(instruction, "dimensions")
    sides = shapes[0][1]
    length, numbers = sides[axis], math.prod(sides)
    each = bundles.SHORT_SORTED.get(len(shapes))
    if each is not None and length in bundles.SHORT_SORT and numbers // length >= bundles.LANES:
        return round(numbers * each)
    if len(shapes) == 2 and length in bundles.LONG_SORT and numbers == length:
        return round(numbers * bundles.LONG_SORTED)
    return None


def _kernel(instruction: Instruction) -> int | None:
    """Count a kernel of `fused_points` with EG3D's decoder, two planes and products in bfloat16."""
    each = bundles.FUSED_POINTS.get(instruction.stem)
    operands = instruction.attribute(r"operand_layout_constraints=\{((?:[^{}]|\{[^{}]*\})*)\}")
    if each is None or not operands:
        return None
    (_, (*tiles, planes, blocks, lanes)), *others = arrays(operands)
    widths = {sides[-2:] for bits, sides in others if bits == 16}
    if planes != 2 or not {(64, 128), (33, 64)} <= widths:
        return None
    points = math.prod(tiles) * blocks * lanes
    cleared = [sides for _, sides in arrays(instruction.shape) if sides[-2:] == (1, 128)]
    rows = math.prod(cleared[0][:-1]) if cleared else 0
    return round(points * each + rows * bundles.CLEARED_ROW)


def _integers(instruction: Instruction, name: str) -> list[int]:
    """Return the integers of an attribute such as `slice_sizes={1,128}`."""
    return [int(n) for n in instruction.attribute(rf"\b{name}=\{{([\d,]*)\}}").split(",") if n]
