"""Choose the devices to compile for: those of this machine, or a TPU slice that is not here.

libtpu can compile for any TPU without having one. Unless the environment says that there is no TPU, it first
searches for a TPU virtual machine around itself, which is slow.
"""

import math
import os
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
from jax.experimental import topologies

from jaxunlearn.errors import InputError, install
from jaxunlearn.profiling.devices import CHIPS, chip

HERE = "here"
GENERATIONS = ("v4", "v5e", "v5p", "v6e")
_AXES = {"v4": 3, "v5e": 2, "v5p": 3, "v6e": 2}
_MOST_CHIPS = 2**14
_HOST = (2, 2, 1)
"""Chips of one host; libtpu builds slices of hosts."""


class Topology(NamedTuple):
    """Devices to compile for."""

    name: str
    devices: Sequence[Any]
    memory: float
    """Bytes of memory per device."""

    @property
    def platform(self) -> str:
        """Platform of the devices, as returned by `jax.default_backend()`."""
        return self.devices[0].platform

    @property
    def kind(self) -> str:
        """JAX's name of the kind of device."""
        return self.devices[0].device_kind


def find(name: str) -> Topology:
    """Return devices by name.

    Args:
      name: "here" for this machine; or a generation of TPU and the chips along each axis of a slice, such as
        "v5e:4x4" or "v5p:4x4x4".

    Raises:
      InputError: if there is no such slice, or libtpu is not installed.
    """
    if name == HERE:
        devices = jax.devices()
        return Topology(name, devices, _memory(devices[0]))
    generation, shape = _parse(name)
    _without_a_tpu()
    bounds = (1,) * 3 if shape.count(1) == len(shape) else _HOST
    extra: dict[str, Any] = {"chips_per_host_bounds": bounds}
    if generation in ("v4", "v5p"):
        extra["chip_config_name"] = "megacore"  # JAX runs the two cores of a chip as one device
    try:
        description = topologies.get_topology_desc(platform="tpu", topology_name=name, **extra)
    except (jax.errors.JaxRuntimeError, RuntimeError, ValueError) as error:
        line = str(error).splitlines()[0]
        if "libtpu" in line or "PJRT" in line or "not installed" in line:
            raise InputError(
                f"--topology {name} needs libtpu's compiler: {install('tpu')} ({line})"
            ) from error
        raise InputError(f"--topology {name}: no such slice ({line})") from error
    return Topology(name, description.devices, CHIPS[generation].memory)


def _parse(name: str) -> tuple[str, tuple[int, ...]]:
    generation, _, shape = name.partition(":")
    if generation not in GENERATIONS:
        raise InputError(
            f"--topology {name}: unknown; choose {HERE}, or one of {', '.join(GENERATIONS)} with a shape "
            "such as v5e:4x4"
        )
    if (
        not re.fullmatch(r"[1-9][0-9]{0,3}(x[1-9][0-9]{0,3})*", shape)
        or shape.count("x") + 1 != _AXES[generation]
    ):
        example = "x".join(["4"] * _AXES[generation])
        raise InputError(
            f"--topology {name}: slices of {generation} have {_AXES[generation]} axes, such as "
            f"{generation}:{example}"
        )
    sides = tuple(int(side) for side in shape.split("x"))
    if math.prod(sides) > _MOST_CHIPS:
        raise InputError(f"--topology {name}: has more than {_MOST_CHIPS} chips, more than any slice")
    return generation, sides


def _without_a_tpu() -> None:
    """Set libtpu's environment variables: no search for a TPU machine, no lock against other processes."""
    os.environ.setdefault("TPU_SKIP_MDS_QUERY", "1")
    os.environ.setdefault("TPU_ACCELERATOR_TYPE", "v5litepod-4")
    os.environ.setdefault("TPU_WORKER_HOSTNAMES", "localhost")
    os.environ.setdefault("ALLOW_MULTIPLE_LIBTPU_LOAD", "1")  # the lock protects chips; none is used here


def _memory(device: Any) -> float:
    stats = device.memory_stats() if device.platform != "cpu" else None
    if stats and "bytes_limit" in stats:
        return float(stats["bytes_limit"])
    known = chip(device.device_kind)
    return known.memory if known else float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
