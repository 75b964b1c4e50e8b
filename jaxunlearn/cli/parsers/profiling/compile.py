"""Arguments of `jaxunlearn compile`."""

from argparse import ArgumentParser

from jaxunlearn.cli.argument_groups import add_step
from jaxunlearn.cli.argument_types import MOST_COPIES, local_path, mesh_shape, whole
from jaxunlearn.errors import install

DESCRIPTION = f"""\
Compile the unlearning step for a TPU slice, which this machine need not have, or for this machine. Print what
each device needs: memory, operations, and the data that devices exchange. No weights are made. The exit code
is 3 if the step does not fit.

TPUs are compiled for by libtpu: {install("tpu")}.
"""
EXAMPLES = """\
examples:
  jaxunlearn compile --topology v5e:1x1 --preset full --dtype bfloat16
  jaxunlearn compile --topology v5e:4x4 --preset full --dtype bfloat16 --copies 32
  jaxunlearn compile --topology v6e:8x8 --mesh 32x2 --config.pairs.num_global=3
  jaxunlearn compile --topology v5e:2x2 --preset full --method sugar --people 50 --dtype bfloat16
  jaxunlearn compile --topology here --json report.json
"""


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    add = parser.add_argument
    add(
        "--topology",
        default="here",
        metavar="NAME",
        help="here, or a TPU slice such as v5e:4x4 or v5p:4x4x4 [%(default)s]",
    )
    add_step(parser)
    add(
        "--copies",
        type=whole(1, MOST_COPIES),
        metavar="K",
        help="generator copies [one for each device along identity]",
    )
    add(
        "--mesh",
        type=mesh_shape,
        metavar="IxS",
        help="devices along identity and along sample [all along identity; all along sample with a method "
        "whose people share a generator]",
    )
    add("--dtype", choices=("float32", "bfloat16"), help="the same as --config.rendering.dtype=")
    add("--save", type=local_path, metavar="FILE", help="file to write the executable to")
    add("--json", type=local_path, metavar="FILE", help="file to write the report to")
