"""Sum up figures of several people."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


def mean_figures(people: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return means over people.

    Args:
      people: figures of each person, with the same names; N at least 1.

    Returns:
      Under the same names: of numbers the mean over the people that have one, of True and False how many are
      True, of dictionaries the same within, of anything else the first person's. None where nobody has a
      value.
    """
    return {name: _mean([figures[name] for figures in people]) for name in people[0]}


def _mean(values: Sequence[Any]) -> Any:
    known = [value for value in values if value is not None]
    if not known:
        return None
    if isinstance(known[0], Mapping):
        return mean_figures(known)
    if isinstance(known[0], bool):
        return sum(known)
    if isinstance(known[0], int | float):
        return float(np.mean(known))
    return known[0]
