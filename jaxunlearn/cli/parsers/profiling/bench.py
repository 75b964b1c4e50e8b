"""Arguments of `jaxunlearn bench`."""

from argparse import ArgumentParser
from pathlib import Path

from jaxunlearn.cli.argument_groups import add_step
from jaxunlearn.cli.argument_types import MOST_COPIES, MOST_STEPS, local_path, mesh_shape, whole

DESCRIPTION = """\
Time the compiled unlearning step as runs use it. Compilation is timed first, then single steps after a
warm-up. Each case runs in its own process and is saved as soon as it is finished. After an interruption the
same command resumes.

Writes results.json, table.md and plot.svg.
"""
EXAMPLES = """\
examples:
  jaxunlearn bench --steps 10
  jaxunlearn bench --sweep copies=1,2,4 --sweep dtype=float32,bfloat16 --out bench/copies
  jaxunlearn bench --preset full --sweep precision=default,highest --sweep ray_chunk=1024,4096,0 --parts
  jaxunlearn bench --method sugar --people 50 --mesh 1x4
  jaxunlearn bench --out bench/after --compare bench/before
what can be swept:
  copies, copies_at_once (the others take turns; 0: as suits the device), people (who share a generator), mesh
  (IxS devices), precision (default, high, highest), pairs, adjacent, global, dtype, ray_chunk (rays at a
  time, recomputed for the gradient; 0: all rays at once, nothing recomputed), keep_features (0, 1:
  of rays in chunks, not looked up again), fused (0, 1: points looked up and decoded in one kernel, for TPUs),
  rays (along each side), modulation, dilation, filtering, lookup, compared (forms of computation, see
  eg3d_flax.Compute)
"""


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    add = parser.add_argument
    add_step(parser)
    add("--sweep", action="append", default=[], metavar="NAME=V,V", help="a case for each value; repeatable")
    add("--copies", type=whole(1, MOST_COPIES), default=1, metavar="K", help="generator copies [%(default)s]")
    add("--mesh", type=mesh_shape, metavar="IxS", help="devices along identity and along sample [one device]")
    add(
        "--steps",
        type=whole(1, MOST_STEPS),
        default=30,
        metavar="N",
        help="number of timed steps; a note is added below 30 [%(default)s]",
    )
    add(
        "--warm-up",
        type=whole(1, MOST_STEPS),
        default=3,
        metavar="N",
        help="number of steps before the timed ones [%(default)s]",
    )
    add("--parts", action="store_true", help="time each part too, forward and backward: a roofline table")
    add(
        "--profile", action="store_true", help="trace three steps: a device's time in each part and operation"
    )
    add("--out", type=local_path, default=Path("bench"), metavar="DIR", help="folder to write [%(default)s]")
    add("--again", action="store_true", help="measure finished cases again")
    add("--compare", type=local_path, metavar="FILE", help="results.json, or its folder, to compare with")
    parser.set_defaults(resumes=True)
