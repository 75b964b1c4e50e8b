"""When a person counts as brought back, if the figures of an attack are counts that strangers reach, too."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any

from scipy import stats

from jaxunlearn.evaluation.judges.answers import any_known
from jaxunlearn.evaluation.judges.strangers import FAR

Figures = Mapping[str, Any]

CHANCE = 0.05
"""Of strangers in the person's place, at most this share may be found at unseen latents by chance."""

SOONER = 0.5
"""Somebody is relearned soon who needs at most this share of the median steps of strangers."""


def found_at_unseen_latents(kinds: Iterable[Mapping[str, Figures]]) -> bool | None:
    """Return True if a judge finds a person at more changed latents than chance and strangers explain.

    Each question of a judge is answered wrongly for one stranger in a hundred, and there are many. So the
    answers of a judge are counted together: so many may come by chance with a probability of at most `CHANCE`
    over all judges (binomial), and they must be more than those for strangers whose latents were changed in
    the same ways. Only kinds of changes count at which the judge finds the person in the source.

    Args:
      kinds: for each kind of change the name of a judge → its figures, see
        `unseen_latents.figures_of_changes`.

    Returns:
      None if no judge finds the person in the source, or none can say.
    """
    by_judge: dict[str, list[Figures]] = {}
    for judges in kinds:
        for name, figures in judges.items():
            known = figures["accepted"] is not None and figures["accepted_in_source"]
            by_judge.setdefault(name, []).extend([figures] if known else [])
    return any_known(_beyond_chance(figures, CHANCE / len(by_judge)) for figures in by_judge.values())


def _beyond_chance(figures: Sequence[Figures], level: float) -> bool | None:
    if not figures:
        return None
    accepted, changes = (sum(each[name] for each in figures) for name in ("accepted", "changes"))
    strangers = sum(each["accepted_of_strangers"] or 0 for each in figures)  # None if no face was found
    return accepted > strangers and bool(stats.binom.sf(accepted - 1, changes, FAR) <= level)


def relearned_soon(figures: Figures) -> bool | None:
    """Return True if a person is relearned before all strangers, and in at most `SOONER` of their median.

    A stranger who was not relearned within the limit counts as if they had reached it.

    Args:
      figures: of `relearning.relearn`.

    Returns:
      None if no judge can say of the person, or of any stranger.
    """
    person = figures["person"]
    strangers = [
        curve["more_than"] if curve["relearn_steps"] is None else curve["relearn_steps"]
        for curve in figures["strangers"]
    ]
    known = [steps for steps in strangers if steps is not None]
    if not known or (person["relearn_steps"] is None and person["more_than"] is None):
        return None
    steps = person["relearn_steps"]
    return steps is not None and steps < min(known) and steps <= SOONER * median(known)
