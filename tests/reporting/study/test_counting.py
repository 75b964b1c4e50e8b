"""Answers of participants: what is refused, and what the others say."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jaxunlearn.errors import InputError
from jaxunlearn.files.door import read_json
from jaxunlearn.reporting.study import count_answers
from jaxunlearn.reporting.study.counting import Counted, Counts
from jaxunlearn.reporting.study.folder import Study
from jaxunlearn.reporting.study.results import write_results
from jaxunlearn.reporting.study.words import caution, judgement, lines, markdown, state
from tests.support.tiny_study import Chooses, always_right, answers_of, tiny_study, written


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return tiny_study(tmp_path_factory.mktemp("counted"), people=2, retained=2, controls=2)


def counts_of(study: Study, folder: Path, count: int, choose: Chooses = always_right) -> Counts:
    files = [written(folder / f"{n}.json", answers_of(study, n, choose)) for n in range(count)]
    return count_answers(study.folder, files)


def by_kind(counts: Counts, kind: str, run: str | None = "together") -> Counted:
    return next(each for each in counts.counted if each.kind == kind and each.run in (run, None))


def test_whoever_answers_all_right_recognises_everybody(study: Study, tmp_path: Path):
    counts = counts_of(study, tmp_path, 1)
    assert [(each.run, each.kind) for each in counts.counted] == [
        ("together", "forgotten"),
        ("together", "retained"),
        ("copies", "forgotten"),
        ("copies", "retained"),
        (None, "control"),
    ]
    for each in counts.counted:
        assert each.recognised.share == 1.0
        assert (each.none, each.seconds) == (0, 2.5)
        assert each.over_participants is not None
        assert each.over_participants.low is None  # of one participant
    assert not counts.participants[0].partial


def test_random_answers_are_chance_within_the_interval(study: Study, tmp_path: Path):
    random = np.random.default_rng(0)
    counts = counts_of(study, tmp_path, 60, lambda *_: int(random.integers(1, 6)))
    assert counts.chance == 0.2
    for each in counts.counted:
        low, high = each.recognised.low, each.recognised.high
        assert low is not None
        assert high is not None
        assert low < 0.2 < high
        assert each.over_participants is not None
        assert each.over_participants.n == 60
        assert each.over_participants.low is not None
        assert each.over_participants.low < 0.2
        assert each.above_chance is False
    forgotten = by_kind(counts, "forgotten")
    assert judgement(forgotten, 0.2).startswith("Forgotten in people's eyes: not above chance, 20 %; a share")
    assert state(forgotten, 0.2) == "good"
    assert caution(counts).startswith("The participants recognised unchanged people in only")


def test_somebody_recognised_by_half_is_not_forgotten_and_comes_first(study: Study, tmp_path: Path):
    known = next(
        name
        for name, each in study.key["questions"].items()
        if (each["kind"], each["run"]) == ("forgotten", 0)
    )

    def choose(name: str, question: Any) -> int:
        return question["right"] if name == known or question["kind"] != "forgotten" else 0

    counts = counts_of(study, tmp_path, 12, choose)
    forgotten = by_kind(counts, "forgotten")
    assert (forgotten.recognised.number, forgotten.none) == (12, 12)
    assert [each.question == known for each in forgotten.people] == [True, False]
    assert forgotten.above_chance is True
    assert judgement(forgotten, 0.2) == "NOT forgotten in people's eyes: that is above chance, 20 %."
    assert state(forgotten, 0.2) == "bad"
    assert caution(counts) == ""
    assert judgement(by_kind(counts, "retained"), 0.2) == "Above chance, 20 %."


def test_few_answers_are_called_few(study: Study, tmp_path: Path):
    counts = counts_of(study, tmp_path, 1, lambda *_: 0)
    forgotten = by_kind(counts, "forgotten")
    assert "too few answers to be sure" in judgement(forgotten, 0.2)
    assert state(forgotten, 0.2) == "mixed"
    assert caution(counts).startswith("The participants recognised unchanged people in only 0 %")


def test_partial_answers_count_and_are_called_partial(study: Study, tmp_path: Path):
    told = answers_of(study, 0)
    told["answers"] = told["answers"][:1]
    counts = count_answers(study.folder, written(tmp_path / "a.json", told))
    assert sum(each.recognised.people for each in counts.counted) == 1
    assert lines(counts)[0] == "1 participant, 1 answer; 1 did not answer all their questions."
    assert any(line.endswith("no answers.") for line in lines(counts))
    assert write_results(counts).is_file()


def test_the_same_file_twice_counts_once(study: Study, tmp_path: Path):
    files = [written(tmp_path / name, answers_of(study, 0)) for name in ("a.json", "b.json")]
    counts = count_answers(study.folder, files)
    assert len(counts.participants) == 1
    assert counts.notes == [f"{files[1]}: says the same as {files[0]}, and is counted once"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"participant": "x"},
            "b.json: is of the same participant as .*a.json; give only the one saved last",
        ),
        ({"token": "f" * 32}, "b.json: has the same name as .*a.json, 'pseudonym 0'; give one of them, or"),
        ({"token": "f" * 32, "participant": " PSEUDONYM  0"}, "has the same name as"),
    ],
)
def test_a_participant_twice_is_refused(study: Study, tmp_path: Path, changes, message):
    first = written(tmp_path / "a.json", answers_of(study, 0))
    second = written(tmp_path / "b.json", answers_of(study, 0, **changes))
    with pytest.raises(InputError, match=message):
        count_answers(study.folder, [first, second])


def test_participants_without_names_are_told_apart(study: Study, tmp_path: Path):
    files = [written(tmp_path / f"{n}", answers_of(study, n, participant="")) for n in range(3)]
    counts = count_answers(study.folder, files)
    assert [each.label for each in counts.participants] == ["participant 00000000"] * 3


def one_answer(study: Study, **changes: Any) -> list[dict[str, Any]]:
    return [answers_of(study, 0)["answers"][0] | changes]


HOSTILE: dict[str, Any] = {
    "of another study": lambda s: {"study": "0" * 16},
    "a long study": lambda s: {"study": "x" * 10**6},
    "another format": lambda s: {"format": 2},
    "a part that there is not": lambda s: {"part": 99},
    "a negative part": lambda s: {"part": -1},
    "a part of truth": lambda s: {"part": True},
    "a token of a path": lambda s: {"token": "../../x"},
    "a name of a megabyte": lambda s: {"participant": "x" * 10**6},
    "a name of a number": lambda s: {"participant": 3},
    "no answers": lambda s: {"answers": []},
    "answers of a text": lambda s: {"answers": "all"},
    "a question that there is not": lambda s: {"answers": one_answer(s, question="\x1b[2Jq\n")},
    "a question twice": lambda s: {"answers": one_answer(s) * 2},
    "a choice too far": lambda s: {"answers": one_answer(s, choice=6)},
    "a negative choice": lambda s: {"answers": one_answer(s, choice=-1)},
    "a choice of truth": lambda s: {"answers": one_answer(s, choice=True)},
    "a choice of 2^70": lambda s: {"answers": one_answer(s, choice=2**70)},
    "a choice of a fraction": lambda s: {"answers": one_answer(s, choice=1.5)},
    "seconds of nan": lambda s: {"answers": one_answer(s, seconds=float("nan"))},
    "endless seconds": lambda s: {"answers": one_answer(s, seconds=float("inf"))},
    "negative seconds": lambda s: {"answers": one_answer(s, seconds=-1)},
    "an answer without choice": lambda s: {"answers": [{"question": "q001", "seconds": 1}]},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_answers_are_refused_in_one_line(study: Study, tmp_path: Path, name: str):
    path = written(tmp_path / "a.json", answers_of(study, 0, **HOSTILE[name](study)))
    with pytest.raises(InputError) as refused:
        count_answers(study.folder, path)
    assert str(refused.value).startswith(f"{path}: ")
    assert len(str(refused.value).splitlines()) == 1
    assert len(str(refused.value)) < 500
    assert "\x1b" not in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"[" * 10**5, b"7", b"\xff\xfe", b"[]", b"null", b'{"study": 1}'])
def test_files_that_are_no_answers_are_refused(study: Study, tmp_path: Path, content: bytes):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.json: "):
        count_answers(study.folder, tmp_path / "a.json")
    for path in (tmp_path, tmp_path / "none.json"):
        with pytest.raises(InputError, match=str(path)):
            count_answers(study.folder, path)
    with pytest.raises(InputError, match="give at least one file"):
        count_answers(study.folder, [])


def test_everything_is_in_the_files(study: Study, tmp_path: Path):
    told = answers_of(study, 2, participant="[x](y) | <script>")
    files = [written(tmp_path / f"{n}", answers_of(study, n)) for n in range(2)]
    counts = count_answers(study.folder, [*files, written(tmp_path / "2", told)])
    page = write_results(counts)
    results = read_json(study.folder / "results.json")
    assert results["chance"] == 0.2
    assert [each["name"] for each in results["participants"]][2] == "[x](y) | <script>"
    first = results["counted"][0]
    assert first["recognised"] | {"low": None, "high": None} == {
        "share": 1.0,
        "low": None,
        "high": None,
        "number": 6,
        "people": 6,
    }
    assert first["over_participants"]["n"] == 3
    assert [each["recognised"]["people"] for each in first["people"]] == [3, 3]
    text = (study.folder / "results.md").read_text()
    assert text == markdown(counts)
    assert r"\<b\>person\</b\>" in text
    assert "<b>" not in text
    assert "<b>" not in page.read_text()
    assert page.read_text().count("&lt;b&gt;person") > 8
    json.dumps(results, allow_nan=False)
