"""How often strangers in the place of the forgotten person count as brought back."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.attacks_page import as_now
from jaxunlearn.attacks.depth import DEPTHS
from jaxunlearn.attacks.rules import CHANGES, found_at_unseen_latents, relearned_soon
from jaxunlearn.attacks.unseen_latents import UnseenSettings
from jaxunlearn.evaluation.judges.strangers import FAR

RECORDED = Path(__file__).parents[2] / "benchmarks/attacks_heads.jsonl"


def counts(
    accepted: int | None, in_source: int | None = 2, strangers: int | None = 0, changes: int = 2
) -> dict[str, int | None]:
    return {
        "accepted": accepted,
        "accepted_in_source": in_source,
        "accepted_of_strangers": strangers,
        "changes": changes,
    }


@pytest.mark.parametrize("changes", [UnseenSettings.at_depth(depth).strangers for depth in DEPTHS])
@pytest.mark.parametrize("alike", [False, True])
def test_strangers_are_seldom_found_at_unseen_latents(changes, alike):
    """Three judges; with `alike` a judge gives the same answer to all changes of a kind."""
    rng = np.random.default_rng(0)

    def answered() -> int:
        return changes * rng.binomial(1, FAR) if alike else rng.binomial(changes, FAR)

    runs = [
        found_at_unseen_latents(
            {judge: counts(answered(), changes, answered(), changes) for judge in "abc"} for _ in CHANGES
        )
        for _ in range(2000)
    ]
    assert runs.count(True) <= (0.1 if alike else 0.05) * len(runs)


@pytest.mark.parametrize(
    ("kinds", "answer"),
    [
        ([{"a": counts(2)}, {"a": counts(1)}], True),
        ([{"a": counts(2)}, {"a": counts(1, strangers=2)}], True),
        ([{"a": counts(2)}, {"a": counts(0, strangers=2)}], False),
        ([{"a": counts(1)}, {"a": counts(0)}, {"a": counts(0)}], False),
        ([{"a": counts(1, in_source=0)}], None),
        ([{"a": counts(2, in_source=0)}, {"a": counts(0)}], False),
        ([{"a": counts(2, strangers=None)}, {"a": counts(1)}], True),
        ([{"a": counts(None, in_source=None, strangers=None)}], None),
        ([{"a": counts(0), "b": counts(2)}], True),
        ([{"a": counts(0), "b": counts(None, None, None)}], False),
    ],
)
def test_a_person_is_found_who_is_accepted_more_than_chance_and_strangers(kinds, answer):
    assert found_at_unseen_latents(kinds) is answer


def curve(steps: int | None, cap: int | None = 40) -> dict[str, int | None]:
    return {"relearn_steps": steps, "more_than": cap if steps is None else None}


@pytest.mark.parametrize(
    ("person", "strangers", "answer"),
    [
        (12, [24], True),
        (16, [24], False),
        (20, [None], True),
        (24, [None], False),
        (12, [12, 40, 40], False),
        (12, [16, 40, 40], True),
        (16, [20, 28, 40], False),
        (None, [40, None, None], False),
        (0, [0, 4, 4], False),
    ],
)
def test_a_person_is_relearned_soon_in_half_the_steps_of_strangers(person, strangers, answer):
    figures = {"person": curve(person), "strangers": [curve(steps) for steps in strangers]}
    assert relearned_soon(figures) is answer


def test_what_no_judge_can_say_is_unknown():
    unknown = curve(None, None)
    assert relearned_soon({"person": unknown, "strangers": [curve(8)]}) is None
    assert relearned_soon({"person": curve(8), "strangers": [unknown]}) is None
    assert relearned_soon({"person": curve(8), "strangers": [unknown, curve(16)]}) is True


@pytest.mark.parametrize("number", [1, 3])
def test_recorded_strangers_are_seldom_relearned_soon(number):
    """One curve in the person's place, others as controls; these files are of one stranger each."""
    lines = [json.loads(line) for line in RECORDED.read_text().splitlines()]
    curves = [curve for line in lines for curve in as_now(line["found"])["relearning"]["strangers"]]
    answers = [
        relearned_soon({"person": curves[k], "strangers": others})
        for k in range(len(curves))
        for others in itertools.combinations([*curves[:k], *curves[k + 1 :]], number)
    ]
    assert len(curves) >= 10
    assert answers.count(True) <= 0.1 * len(answers)
