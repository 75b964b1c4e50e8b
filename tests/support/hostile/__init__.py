"""Broken and hostile inputs of every kind that a user may give, each with the command that meets it."""

from tests.support.hostile.arrays import ARRAYS
from tests.support.hostile.case import Case
from tests.support.hostile.checkpoints import CHECKPOINTS
from tests.support.hostile.data_sets import DATA_SETS
from tests.support.hostile.detectors import DETECTORS
from tests.support.hostile.headers import HEADERS
from tests.support.hostile.paths import PATHS
from tests.support.hostile.runs import RUNS
from tests.support.hostile.texts import TEXTS

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
