"""Broken and hostile inputs of every kind that a user may give, each with the command that meets it."""

from hostile.arrays import ARRAYS
from hostile.case import Case
from hostile.checkpoints import CHECKPOINTS
from hostile.data_sets import DATA_SETS
from hostile.detectors import DETECTORS
from hostile.headers import HEADERS
from hostile.paths import PATHS
from hostile.runs import RUNS
from hostile.texts import TEXTS

CASES: tuple[Case, ...] = (
    *CHECKPOINTS,
    *HEADERS,
    *ARRAYS,
    *TEXTS,
    *DETECTORS,
    *PATHS,
    *RUNS,
    *DATA_SETS,
)

__all__ = ["CASES", "Case"]
