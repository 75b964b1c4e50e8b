"""What further generator copies cost on one TPU, and whether they share frozen weights: a table.

    python -m benchmarks.copies_tpu --topology v5e:1x1 --copies 1 2 4 8

Needs libtpu's compiler (`pip install '.[tpu]'`) and no TPU. It compiles the bundled model's step in
bfloat16 for each number of copies. Shared weights are read from the compiled program: a convolution of a
frozen network has one group, and all networks' kernels together have as many numbers as with one copy.
"""

import argparse
import json
import math
from pathlib import Path
from typing import Any, NamedTuple

import jax

from jaxunlearn.profiling.aot import hlo, topology
from jaxunlearn.profiling.aot.compilation import Report, compile_step
from jaxunlearn.profiling.by_part.scopes import part_of
from jaxunlearn.profiling.measure import networks_of
from jaxunlearn.profiling.workload import PRESETS, Workload

FROZEN = ("superresolution", "perceptual", "identity")
"""Parts whose weights no step changes. The TPU compiler writes products of matrices as convolutions, too."""


class Kernels(NamedTuple):
    """The convolutions of the frozen parts of a compiled program.

    Attributes:
      convolutions: their number.
      groups: the greatest number of groups in one of them.
      numbers: in all of their kernels.
    """

    convolutions: int
    groups: int
    numbers: int


def kernels(text: str) -> Kernels:
    """Read the convolutions of the frozen parts from the text of a compiled program."""
    program, _ = hlo.computations(text)
    groups, numbers = [1], []
    for computation in program.values():
        shapes = {instruction.name: instruction.shape for instruction in computation}
        for instruction in computation:
            name = instruction.attribute(r'op_name="([^"]*)"')
            if instruction.opcode != "convolution" or part_of(name) not in FROZEN:
                continue
            [(_, sides)] = hlo.arrays(shapes[instruction.operands[1]])
            numbers.append(math.prod(sides))
            grouped = [instruction.attribute(rf"{kind}_group_count=(\d+)") for kind in ("feature", "batch")]
            groups.append(math.prod(int(count) for count in grouped if count))
    return Kernels(len(numbers), max(groups), sum(numbers))


def row(report: Report, found: Kernels) -> str:
    """Return the row of a number of copies."""
    cycles, memory, copies = report.cycles, report.memory, report.copies
    assert cycles is not None
    assert memory is not None
    sizes = [report.needed, memory.temporaries, report.copy.state, report.copy.parameters]
    cells = [
        copies,
        *(f"{number:.3g}" for number in (cycles.estimated, cycles.added, cycles.total)),
        f"{cycles.total / copies:.3g}",
        *(f"{size / 2**20:.1f}" for size in sizes),
        f"{found.convolutions}, {found.groups}, {found.numbers:,}",
        f"{report.compile_seconds:.0f}",
    ]
    return f"| {' | '.join(map(str, cells))} |"


HEADS = (
    "copies",
    "cycles, estimated",
    "counted",
    "all",
    "all, of a copy",
    "memory, MiB",
    "temporaries",
    "state of a copy",
    "its gradient",
    "frozen convolutions, most groups, numbers in kernels",
    "compiled in, s",
)


def main() -> None:
    """Compile the step for each number of copies, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--topology", default="v5e:1x1")
    parser.add_argument("--preset", default="heads", choices=list(PRESETS))
    parser.add_argument("--copies", nargs="+", type=int, default=[1, 2, 4, 8])
    parser.add_argument("--json", type=Path, help="folder for each report")
    parser.add_argument("--hlo", type=Path, help="folder for the compiled programs")
    arguments = parser.parse_args()
    jax.config.update("jax_enable_compilation_cache", False)
    preset = PRESETS[arguments.preset]
    config = preset.config()
    config.rendering.dtype = "bfloat16"
    models = preset.outline()
    work, target = Workload.of(models, config), topology.find(arguments.topology)
    print(f"| {' | '.join(HEADS)} |\n|{' --- |' * len(HEADS)}", flush=True)
    for copies in arguments.copies:
        report, executable = compile_step(work, target, (1, 1), copies, networks_of(models))
        text: Any = executable.as_text() if executable is not None else None
        if arguments.json:
            file = arguments.json / f"copies_{copies}.json"
            file.write_text(json.dumps(report.to_json(), indent=1) + "\n")
        if text is None:
            print(f"| {copies} | does not fit: {report.needed / 2**30:.2f} GiB", flush=True)
            continue
        if arguments.hlo:
            (arguments.hlo / f"copies_{copies}.txt").write_text(text)
        print(row(report, kernels(text)), flush=True)


if __name__ == "__main__":
    main()
