"""How often a stranger in the person's place would be called brought back, as its page says.

Each answer of a judge about a stranger is wrong with a probability of `FAR`, and all are independent.
"""

import itertools
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from scipy import stats

from jaxunlearn.attacks.depth import DEPTHS, Depth
from jaxunlearn.attacks.rules import CHANGES, brought_back, found_at_unseen_latents
from jaxunlearn.attacks.search import ReinversionSettings
from jaxunlearn.attacks.unseen_latents import UnseenSettings
from jaxunlearn.evaluation.judges.strangers import FAR

PAGE = " ".join((Path(__file__).parents[2] / "docs/explanation/attacks.md").read_text().split())
JUDGES = 3
MORE = DEPTHS[1:]
"""Depths of which the page has numbers."""


def on_the_page(pattern: str) -> str | tuple[str, ...]:
    """Return the numbers of a pattern that fits once; several are a tuple."""
    (numbers,) = re.findall(pattern, PAGE)
    return numbers


def at_unseen_latents(changes: int, *, alike: bool) -> float:
    """Return the probability by the rule; with `alike`, a judge gives one answer to all changes of a kind."""
    trials, weight = (len(CHANGES), changes) if alike else (len(CHANGES) * changes, 1)
    nothing = {"accepted": 0, "accepted_in_source": 1, "accepted_of_strangers": 0, "changes": 3 * changes}

    def is_found(person: int, strangers: int) -> bool:
        own = nothing | {"accepted": weight * person, "accepted_of_strangers": weight * strangers}
        return found_at_unseen_latents([{"a": own, "b": nothing, "c": nothing}]) is True

    chance = stats.binom.pmf(range(trials + 1), trials, FAR)
    one = sum(
        chance[person] * chance[strangers]
        for person, strangers in itertools.product(range(trials + 1), repeat=2)
        if is_found(person, strangers)
    )
    return 1 - (1 - one) ** JUDGES


def least(changes: int) -> int:
    """Return how many changes a judge has to find the person at."""
    others = {"accepted": 0, "accepted_in_source": 1, "accepted_of_strangers": 0, "changes": changes}
    return next(
        number
        for number in range(changes)
        if found_at_unseen_latents([{"a": others | {"accepted": number}, "b": others, "c": others}])
    )


def test_of_unseen_latents():
    counts = {depth: UnseenSettings.at_depth(depth).strangers for depth in MORE}
    numbers = [f"{least(3 * n)} of {3 * n}" for n in counts.values()]
    assert f"that is {numbers[0]} changes at standard depth, and {numbers[1]} at thorough" in PAGE
    independent = on_the_page(r"stranger brought back\? (\S+) % at standard depth and (\S+) % at thorough")
    alike = on_the_page(r"(\S+) %, if a judge gives the same answer to all changes of a kind")
    single = on_the_page(r"it would be (\S+) % at standard depth and (\S+) % at thorough")
    for k, n in enumerate(counts.values()):
        assert independent[k] == f"{100 * at_unseen_latents(n, alike=False):.1f}"
        assert alike == f"{100 * at_unseen_latents(n, alike=True):.0f}"
        assert single[k] == f"{100 * (1 - (1 - FAR) ** (JUDGES * len(CHANGES) * n)):.0f}"


def answers(starts: int) -> Iterator[tuple[float, bool]]:
    """Yield what a judge says of the best of some starts, with its probability."""
    never = (1 - FAR) ** starts
    yield 1 - never, True
    yield never, False


def by_one_method(method: str, starts: int) -> float:
    """Return the probability that one judge finds the person by one method of `reinvert`."""

    def judged(accepted: bool) -> dict[str, Any]:
        return {method: {"judges": {"a": {"accepted": accepted}}}}

    total = 0.0
    for own, without, control in itertools.product(answers(starts), repeat=3):
        figures = {
            "unlearned": judged(own[1]),
            "without_identity": {} if method == "encoder" else judged(without[1]),
            "stranger": {method: {"as_person": judged(control[1])[method]}},
        }
        if brought_back({"reinversion": figures}):
            total += own[0] * without[0] * control[0]
    return total


@pytest.mark.parametrize("depth", MORE)
def test_of_a_photo_that_is_inverted_again(depth: Depth):
    starts = {"encoder": 1, "hybrid": 1, "search": ReinversionSettings.at_depth(depth).starts}
    missed = math.prod(1 - by_one_method(method, number) for method, number in starts.items())
    said = on_the_page(
        r"`reinversion` would call (\S+) % of strangers brought back at standard depth, and (\S+) % at"
    )
    assert said[MORE.index(depth)] == f"{100 * (1 - missed**JUDGES):.0f}"
