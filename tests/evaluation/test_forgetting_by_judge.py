"""What one judge says of a person: other photos count where it knows them in the source."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from jaxunlearn.evaluation.forgetting import forgotten_places
from jaxunlearn.evaluation.forgetting_by_judge import JudgeFigures, Parts, figures_by_judge, looks_by_judge
from jaxunlearn.evaluation.judges import CalibratedJudge


class Cosine:
    """A judge whose embeddings are unit vectors in a plane."""

    name, measure, threshold = "plane", "cosine", 0.8

    def similarity(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return (a * b).sum(-1).mean(-1)


NOWHERE = {"latent": False, "wide": False, "truncated": None, "photos": None}


def at(*degrees: float) -> np.ndarray:
    """`[N, 1, 2]`, people at these angles, from one view."""
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=-1)[:, None]


def seen(person: float, others: list[float]) -> Parts:
    return Parts(at(person), at(), at(*others), at(170), at(person))


def figures_of(judge: CalibratedJudge, before: Parts, after: Parts) -> JudgeFigures:
    return figures_by_judge(judge, before, after, looks_by_judge(judge, before, after, ()))


@pytest.fixture
def judge() -> Any:
    return CalibratedJudge(Cosine())  # type: ignore[arg-type]


def test_photos_are_compared_with_themselves_and_with_the_person(judge: Any) -> None:
    before = seen(0, others=[10, 80, 20])  # the second is somebody else to this judge from the start
    after = seen(90, others=[10, 80, 120])
    figures = figures_of(judge, before, after)
    assert (figures["others"], figures["others_known"], figures["others_found"]) == (3, 2, 1)
    assert figures["found"]["photos"] is True
    looks = looks_by_judge(judge, before, after, ())
    assert [looks["photos", k]["found"] for k in range(3)] == [True, None, False]
    assert looks["photos", 1].get("source") == pytest.approx(np.cos(np.radians(80)))
    assert "source" not in looks["latent", None]


def test_photos_of_somebody_else_do_not_count(judge: Any) -> None:
    before, after = seen(0, others=[80, 90]), seen(90, others=[80, 90])
    figures = figures_of(judge, before, after)
    assert (figures["others_known"], figures["others_found"], figures["id_others_max"]) == (0, 0, None)
    assert figures["id_others"] == pytest.approx(1)  # of all, as in the paper
    assert figures["found"]["photos"] is None


def test_without_a_threshold_all_photos_count() -> None:
    judge: Any = CalibratedJudge(type("Undecided", (Cosine,), {"threshold": None})())  # type: ignore[arg-type]
    before, after = seen(0, others=[80]), seen(90, others=[80])
    figures = figures_of(judge, before, after)
    assert figures["id_others_max"] == pytest.approx(1)
    assert (figures["others_known"], figures["found"]["photos"]) == (0, None)


def test_a_place_has_the_threshold_of_its_views_and_a_target_is_compared_with_the_person_after(judge: Any):
    """From the sides strangers are more alike, so that more is needed to be found there."""
    wide: Any = {"wide": SimpleNamespace(threshold=0.95)}
    strict = CalibratedJudge(judge.judge, wide)
    before, after = seen(0, others=[]), seen(30, others=[])
    assert figures_of(judge, before, after)["found"] == {**NOWHERE, "latent": True, "wide": True}
    figures = figures_of(strict, before, after)
    assert figures["found"] == {**NOWHERE, "latent": True, "wide": False}
    assert (figures["threshold"], figures["threshold_wide"]) == (0.8, 0.95)
    assert [figures[name] for name in ("id_target", "id_to_target")] == pytest.approx(
        [np.cos(np.radians(170)), np.cos(np.radians(140))]
    )
    assert figures["reaches_target"] is False
    assert figures_of(judge, before, seen(160, others=[]))["reaches_target"] is True


def test_whoever_is_as_alike_as_the_threshold_is_accepted(judge: Any) -> None:
    assert [judge.accepts(value) for value in (0.79, 0.8, 0.81)] == [False, True, True]


def test_a_judge_who_cannot_say_leaves_it_to_the_others():
    answers = {
        "latent": (None, False),
        "wide": (None, True),
        "truncated": (None, None),
        "photos": (True, False),
    }
    judges: Any = {
        name: {"found": {place: both[k] for place, both in answers.items()}} for k, name in enumerate("ab")
    }
    assert forgotten_places(judges) == {"latent": True, "wide": False, "truncated": None, "photos": False}
