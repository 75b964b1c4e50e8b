"""Attacks on single people: who counts as brought back, who as relearned, and what is attacked again."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks import attacks_heads as bench
from benchmarks.attacks_page import Line, brought_back, page
from benchmarks.one_person_page import Case

WAYS = ("encoder", "hybrid", "search")
ATTEMPTS = ("unlearned", "source", "without_identity")


def judged(accepted: bool | None, similarity: float | None) -> dict[str, Any]:
    return {"judges": {"one": {"accepted": accepted, "reinverted_id": similarity}}}


def curve(steps: int | None, first: float = 0.1) -> dict[str, Any]:
    more_than = 40 if steps is None else None
    return {"relearn_steps": steps, "more_than": more_than, "judges": {"one": {"similarity": [first, 0.9]}}}


def line(
    seed: int,
    method: str = "guide",
    *,
    back: bool | None = False,
    similarity: float | None = 0.3,
    stranger_as_person: bool = False,
    steps: tuple[int | None, int | None] = (None, None),
) -> Line:
    attempts = {name: {way: judged(back, similarity) for way in WAYS} for name in ATTEMPTS}
    stranger = {way: {**judged(True, 0.9), "as_person": judged(stranger_as_person, 0.2)} for way in WAYS}
    person, other = (curve(number) for number in steps)
    return {
        "method": method,
        "seed": seed,
        "depth": "standard",
        "processor": "2 x cores",
        "seconds": 60.0,
        "found": {
            "reinversion": {**attempts, "stranger": stranger},
            "relearning": {"person": person, "stranger": other, "settings": {"steps": 40}},
        },
    }


def rows(text: str, start: str) -> list[list[str]]:
    lines = [each for each in text.splitlines() if each.startswith(f"| {start} |")]
    return [[cell.strip() for cell in each.strip("|").split("|")] for each in lines]


@pytest.mark.parametrize(
    ("found", "answer"),
    [
        ({"back": True}, True),
        ({"back": False}, False),
        ({"back": True, "stranger_as_person": True}, False),
        ({"back": None, "similarity": None}, None),
    ],
)
def test_a_person_is_back_only_if_a_strangers_photo_does_not_bring_them(found: dict[str, Any], answer: Any):
    assert brought_back(line(1, **found), "unlearned", "search", "one") is answer


def test_people_are_counted_by_way_and_judge():
    text = page(
        [line(1, back=True, similarity=0.9), line(2, similarity=0.5), line(3, back=None, similarity=None)]
    )
    by_way = rows(text, "GUIDE")[:5]
    assert [row[1] for row in by_way] == [
        "encoder",
        "encoder and search",
        "search",
        "encoder and search, without identity network",
        "search, without identity network",
    ]
    assert by_way[0][2:] == ["3", "1 of 3", "6 to 79 %", "1 of 2; 0.70 (0.70)"]
    assert "if the methods were alike" not in text
    assert rows(text, "1")[0][2].startswith(
        "their photo, inverted again (the encoder, encoder and search, search"
    )
    assert rows(text, "2")[0][2] == "nothing"


def test_the_same_people_by_both_methods_are_compared():
    lines = [line(seed, similarity=0.8) for seed in (1, 2, 3)]
    lines += [line(seed, "legato", similarity=0.6) for seed in (3, 2, 9)]
    assert rows(page(lines), "one")[0][1:5] == ["2", "0.80", "0.60", "-0.20"]
    assert "if the methods were alike" not in page([line(1), line(2, "legato")])


def test_half_the_steps_of_a_stranger_bring_somebody_back():
    some = [(4, 8), (8, 8), (12, None), (None, None), (None, 4)]
    lines = [line(seed, steps=steps) for seed, steps in enumerate(some)]
    (row,) = rows(page(lines), "GUIDE")[5:]
    assert row[1:6] == ["5", "2 of 5", "12 to 77 %", "12", "8"]
    assert row[6] == "0.10"
    assert "by however little: 2 of 3 without a tie. Coins would fall so with a probability of 0.50" in page(
        lines
    )
    (never,) = rows(page([line(1)]), "GUIDE")[5:]
    assert never[4:6] == ["more than 40", "more than 40"]
    assert "Coins" not in page([line(1)])


def test_several_strangers_count_by_their_median_and_diverged_fine_tuning_by_nothing():
    several, diverged = line(1, steps=(8, 16)), line(2)
    found = several["found"]["relearning"]
    found["strangers"] = [curve(steps) for steps in (None, 16, 20)]
    del found["stranger"]
    diverged["found"]["relearning"] = {"diverged": "fine-tuning diverged"}
    (row,) = rows(page([several, diverged]), "GUIDE")[5:]
    assert row[1:6] == ["1", "1 of 1", "21 to 100 %", "8", "20"]
    (row,) = rows(page([diverged]), "GUIDE")[5:]
    assert row[1:] == ["0", "-", "-", "-", "-", "-"]


def test_attacked_people_are_not_attacked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    attacked: list[Case] = []

    def trained(models: Any, seed: int, config: Any, folder: Path) -> Any:
        attacked.append(Case(config.method, seed, config.seed))
        return SimpleNamespace(folder=folder)

    def attack(models: Any, result: Any, config: Any, **_: Any) -> dict[str, Any]:
        return {
            "depth": "standard",
            "seconds": {"0": {"reinversion": 2.0, "relearning": 1.0}},
            "people": {"0": line(1)["found"]},
        }

    monkeypatch.setattr(bench, "load_models", lambda _: None)
    monkeypatch.setattr(bench, "attack_reference", lambda *_: None)
    monkeypatch.setattr(bench, "trained", trained)
    monkeypatch.setattr(bench, "attack", attack)
    asked = ["--out", str(tmp_path), "--runs", str(tmp_path / "runs"), "--seeds"]
    bench.main([*asked, "10000", "--methods", "guide"])
    bench.main([*asked, "10000", "10001"])
    assert attacked == [
        ("guide", 10_000, 0),
        ("legato", 10_000, 0),
        ("guide", 10_001, 0),
        ("legato", 10_001, 0),
    ]
    text = (tmp_path / "attacks_heads.md").read_text()
    assert [len(rows(text, name)) for name in ("GUIDE", "LEGATO", "10000")] == [6, 6, 2]
