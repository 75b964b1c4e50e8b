"""Options for many devices, many hosts and many people."""

import argparse
from typing import TYPE_CHECKING

from jaxunlearn.commands.arguments import MOST_DEVICES, mesh_shape, whole

if TYPE_CHECKING:
    from jax.sharding import Mesh


def add_scale(parser: argparse.ArgumentParser) -> None:
    """Options for `mesh_of` and `join`."""
    add = parser.add_argument
    add(
        "--mesh",
        type=mesh_shape,
        metavar="IxS",
        help="devices for generator copies x devices for the pairs of a step, such as 4x2 [one device]",
    )
    hosts = parser.add_argument_group(
        "several hosts", "the same command on each; on TPU pods and under SLURM --distributed alone is enough"
    )
    hosts.add_argument("--distributed", action="store_true", help="find the other processes")
    hosts.add_argument("--coordinator", metavar="HOST:PORT", help="where process 0 is")
    hosts.add_argument("--processes", type=whole(1, MOST_DEVICES), metavar="N", help="how many there are")
    hosts.add_argument(
        "--process", type=whole(0, MOST_DEVICES - 1), metavar="K", help="which this one is, from 0"
    )
    hosts.add_argument(
        "--wait", type=whole(1, 86_400), metavar="SECONDS", help="until all of them must have come [300]"
    )


def join(arguments: argparse.Namespace) -> None:
    """Become one of several processes, where that is asked for; before anything else is done with JAX.

    Raises:
      InputError: if the others are not found.
    """
    from jaxunlearn import distributed

    where = (arguments.coordinator, arguments.processes, arguments.process)
    if arguments.distributed or any(value is not None for value in where):
        distributed.start(*where, wait=arguments.wait or distributed.WAIT)


def mesh_of(arguments: argparse.Namespace) -> "Mesh | None":
    """The mesh that is asked for; None for one device.

    Raises:
      InputError: if there are not as many devices.
    """
    from jaxunlearn.mesh import make_mesh

    return None if arguments.mesh is None else make_mesh(*arguments.mesh)
