"""Time compiled functions call by call."""

import dataclasses
import time
from collections.abc import Callable, Iterable
from typing import Any

import jax
import numpy as np


@dataclasses.dataclass(frozen=True)
class Seconds:
    """Percentiles of the times of single calls, in seconds.

    Attributes:
      p50, p95: median and 95th percentile.
      calls: number of timed calls.
    """

    p50: float
    p95: float
    calls: int

    @classmethod
    def of(cls, seconds: Iterable[float]) -> "Seconds":
        """Compute the percentiles of single times."""
        times = np.fromiter(seconds, float)
        return cls(float(np.percentile(times, 50)), float(np.percentile(times, 95)), len(times))


def timed(
    call: Callable[[], Any], calls: int, warm_up: int, done: Callable[[], Any] = lambda: None
) -> Seconds:
    """Time single calls, each until its results are computed.

    Args:
      call: the function to time.
      calls: number of timed calls.
      warm_up: number of calls before them, which are not timed.
      done: called after each call; its time is not counted.
    """
    seconds = []
    for number in range(warm_up + calls):
        began = time.perf_counter()
        jax.block_until_ready(call())
        if number >= warm_up:
            seconds.append(time.perf_counter() - began)
        done()
    return Seconds.of(seconds)
