"""The most memory that was in use."""

import dataclasses
import sys
from collections.abc import Iterable
from typing import Any

import jax


@dataclasses.dataclass(frozen=True)
class Peak:
    """The largest amount of memory in use at one time.

    Attributes:
      bytes: of the fullest device; of the process if devices do not report it. 0 on Windows, where neither is
        known.
      of: "device" or "process".
    """

    bytes: int
    of: str


def peak_memory(devices: Iterable[Any]) -> Peak:
    """Return the peak memory since the start of this process; of other hosts' devices nothing is known."""
    here = [device for device in devices if device.process_index == jax.process_index()]
    stats = [device.memory_stats() for device in here]
    peaks = [stat["peak_bytes_in_use"] for stat in stats if stat and "peak_bytes_in_use" in stat]
    if peaks:
        return Peak(max(peaks), "device")
    if sys.platform == "win32":
        return Peak(0, "process")
    import resource  # Windows has none

    unit = 1 if sys.platform == "darwin" else 1024
    return Peak(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit, "process")
