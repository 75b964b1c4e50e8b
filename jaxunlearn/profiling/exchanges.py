"""What the devices of a compiled step exchange."""

import collections
import dataclasses

from jaxunlearn.profiling.aot import hlo
from jaxunlearn.profiling.aot.device_groups import axis_of


@dataclasses.dataclass(frozen=True)
class Exchange:
    """All collectives of one kind along one mesh axis, in one step."""

    kind: str
    axis: str
    """"identity", "sample", or "both"."""

    count: int
    bytes: int


def exchanges(text: str, sample: int) -> tuple[Exchange, ...]:
    """Return the collectives of a compiled program.

    Args:
      text: of the program.
      sample: number of devices along "sample".
    """
    counts: collections.Counter[tuple[str, str]] = collections.Counter()
    sizes: collections.Counter[tuple[str, str]] = collections.Counter()
    for collective in hlo.collectives(text):
        key = collective.kind, axis_of(collective.groups, sample)
        counts[key] += collective.trips
        sizes[key] += collective.trips * collective.size
    return tuple(Exchange(*key, counts[key], sizes[key]) for key in sorted(counts))
