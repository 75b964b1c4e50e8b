"""GUIDE's ablations: which of its parts a row of its tables has (GUIDE, Tables 1 to 4 and Figure 9)."""

import dataclasses
from collections.abc import Mapping

from jaxunlearn.methods.config.declaration import ConfigDict


@dataclasses.dataclass(frozen=True)
class Parts:
    """The parts of GUIDE that a row has.

    Attributes:
      target: what `config.target.kind` is.
      adjacent: True if people near the person are forgotten, too.
      preserved: True if random people are preserved.
      length: name of the setting that the row varies; empty if it varies none.
    """

    target: str
    adjacent: bool
    preserved: bool
    length: str = ""


ABLATIONS: Mapping[str, Parts] = {
    "baseline": Parts("mean", adjacent=False, preserved=False),
    "extrapolated": Parts("extrapolated", adjacent=False, preserved=False),
    "adjacent": Parts("extrapolated", adjacent=True, preserved=False),
    "guide": Parts("extrapolated", adjacent=True, preserved=True),
    "mean_global": Parts("mean", adjacent=False, preserved=True),
    "alpha": Parts("mean", adjacent=True, preserved=False, length="pairs.alpha_max"),
    "distance": Parts("extrapolated", adjacent=True, preserved=True, length="target.distance"),
}
"""Name of a row → its parts."""


def ablate(config: ConfigDict, row: str, length: float | None = None) -> None:
    """Leave out of a config of GUIDE what a row does not have.

    Args:
      config: of GUIDE with all its parts; it is changed.
      row: a key of `ABLATIONS`.
      length: for a row that varies one: its value, in the unit of `config.unit`.
    """
    parts = ABLATIONS[row]
    config.target.kind = parts.target
    if not parts.adjacent or (parts.length == "pairs.alpha_max" and length == 0):
        config.pairs.num_adjacent = 0
    if not parts.preserved:
        config.pairs.num_global = 0
    if length is not None:
        config.update_from_flattened_dict({parts.length: float(length)})
