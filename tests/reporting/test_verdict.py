"""What the figures of a run are called in plain words."""

import pytest

from jaxunlearn.reporting.verdict import run_cost, verdict, verdict_together

FIGURES = {
    "id": 0.1,
    "id_others": 0.61,
    "forgotten": True,
    "threshold": 0.7,
    "others_id": 0.94,
    "others_id_p5": 0.79,
    "retained_lpips": 0.005,
    "fid_pre": 1.38,
    "networks": {"frechet": "alexnet"},
}
SAME = "Other people stay the same: similarity 0.94 on average, below 0.79 for one person in twenty."


def test_a_person_who_is_forgotten():
    assert verdict("seed 7", FIGURES) == [
        "seed 7 is forgotten: similarity before and after 0.10; "
        "from 0.70 on, two pictures count as one person.",
        "Other pictures of them: similarity 0.61, also forgotten.",
        SAME,
        "Their pictures change by LPIPS 0.005. The Fréchet distance between the pictures before and after is "
        "1.38 (alexnet features).",
    ]


@pytest.mark.parametrize(
    ("changes", "number", "line"),
    [
        ({"id": 0.8, "forgotten": False}, 0, "seed 7 is NOT forgotten: similarity before and after 0.80"),
        ({"id_others": 0.72}, 1, "Other pictures of them: similarity 0.72, NOT forgotten there."),
        ({"id_others": None}, 1, SAME),
        ({"others_id": 0.27}, 2, "Other people do NOT stay the same: similarity 0.27 on average"),
        ({"id": None}, 0, "seed 7: not measured, because no pair of pictures has a face"),
    ],
)
def test_what_went_otherwise_is_said(changes, number, line):
    assert verdict("seed 7", {**FIGURES, **changes})[number].startswith(line)


def test_without_a_threshold_nothing_is_judged():
    lines = verdict("seed 7", {**FIGURES, "threshold": None, "forgotten": None})
    assert lines[0] == "seed 7: similarity before and after 0.10."
    assert lines[1] == "Other pictures of them: similarity 0.61."
    assert lines[2].startswith("Other people: similarity 0.94")


def of_many(*people: tuple[float | None, float | None]) -> list[str]:
    """Lines about people of an `id` and an `id_target` each."""

    def figures(now: float | None, wanted: float | None) -> dict[str, float | bool | None]:
        gone = None if now is None else now < 0.7
        return {"id": now, "id_target": wanted, "threshold": 0.7, "forgotten": gone}

    each = {str(k): figures(*person) for k, person in enumerate(people)}
    forgotten = sum(bool(person["forgotten"]) for person in each.values())
    names = ("ada", "bea", "cleo", "dan", "eva", "fay", "gus")[: len(people)]
    return verdict_together(
        names, {**FIGURES, "id": 0.42, "forgotten": forgotten, "id_others": None, "people": each}
    )


def test_many_people_and_the_hardest_of_them():
    lines = of_many((0.1, 0.0), (0.65, 0.3), (None, None))
    assert lines[0].startswith("2 of 3 people are forgotten")
    assert lines[0].endswith("0.42 on average, at most 0.65 (bea).")
    assert lines[1] == SAME


def test_who_stayed_is_named_with_what_would_help():
    lines = of_many((0.81, 0.72), (0.75, 0.1), (0.3, 0.2))
    assert lines[0].startswith("1 of 3 people are forgotten")
    assert lines[1] == (
        "NOT forgotten: ada (0.81). Their targets resemble them: "
        "raise config.target.distance or config.surrogates.identity."
    )
    assert lines[2] == (
        "NOT forgotten: bea (0.75). They did not become their targets: "
        "raise config.steps or lower config.ewc.weight."
    )
    assert lines[3] == SAME


def test_of_very_many_who_stayed_some_are_named():
    lines = of_many(*7 * [(0.9, 0.1)])
    assert lines[1].startswith("NOT forgotten: ada (0.90), bea (0.90)")
    assert "eva (0.90) and 2 more. They did not become their targets:" in lines[1]


def test_an_effort_that_was_not_measured():
    assert run_cost({"steps": 5}) == "The run took 5 steps."
