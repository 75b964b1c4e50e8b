"""How long compiled functions take, and how much memory they hold."""

import dataclasses
import resource
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

import jax
import numpy as np


@dataclasses.dataclass(frozen=True)
class Seconds:
    """Times of single calls.

    Attributes:
      p50, p95: median and 95th percentile.
      calls: how many were timed.
    """

    p50: float
    p95: float
    calls: int

    @classmethod
    def of(cls, seconds: Iterable[float]) -> "Seconds":
        """Percentiles of single times."""
        found = np.fromiter(seconds, float)
        return cls(float(np.percentile(found, 50)), float(np.percentile(found, 95)), len(found))


def timed(
    call: Callable[[], Any], calls: int, warm_up: int, done: Callable[[], Any] = lambda: None
) -> Seconds:
    """Time calls one by one, each until its results are there.

    Args:
      call: what is timed.
      calls: how often, after `warm_up` calls that are not timed.
      warm_up: see `calls`.
      done: called after each call, outside of its time.
    """
    seconds = []
    for number in range(warm_up + calls):
        began = time.perf_counter()
        jax.block_until_ready(call())
        if number >= warm_up:
            seconds.append(time.perf_counter() - began)
        done()
    return Seconds.of(seconds)


@dataclasses.dataclass(frozen=True)
class Peak:
    """The most memory that was held at once.

    Attributes:
      bytes: of the fullest device, or of the process where devices do not tell.
      of: "device" or "process".
    """

    bytes: int
    of: str


def peak_memory(devices: Iterable[Any]) -> Peak:
    """Of all that this process did so far."""
    stats = [device.memory_stats() for device in devices]
    peaks = [found["peak_bytes_in_use"] for found in stats if found and "peak_bytes_in_use" in found]
    if peaks:
        return Peak(max(peaks), "device")
    unit = 1 if sys.platform == "darwin" else 1024
    return Peak(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit, "process")
