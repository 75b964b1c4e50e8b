"""`figures.jsonl` of a run, its statistics over people, and two runs side by side."""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jaxunlearn.cli.commands import evaluate as command
from jaxunlearn.errors import InputError
from jaxunlearn.evaluation import compare_runs
from jaxunlearn.evaluation.evaluate import evaluate, means_over_people
from jaxunlearn.evaluation.forgetting import MeasuredPerson, PlaceLook
from jaxunlearn.evaluation.forgetting_by_judge import Look
from jaxunlearn.evaluation.protocol import MEASURED_WITH, PROTOCOL, Measured
from jaxunlearn.evaluation.retention import Retained, RetainedPerson
from jaxunlearn.evaluation.statistics import interval_of
from jaxunlearn.evaluation.statistics.figures_file import figure_lines, read_figures, write_figures
from jaxunlearn.evaluation.statistics.over_people import statistics_of
from jaxunlearn.methods.guide import presets
from jaxunlearn.photos.people import People
from jaxunlearn.training.result import Result
from jaxunlearn.training.storage.request import Request
from jaxunlearn.training.storage.run_dir import RunFolder
from tests.support.figures import of_person
from tests.support.tiny_models import tiny_models

MAIN = "heads identity judge"
NAMES = ("anna", "ben", "carl")
THRESHOLD = 0.8851391088977807
SETTINGS = {"views": 11, "frechet_samples": 256, "batch": 4}


def person(similarity: float, *, found: bool) -> MeasuredPerson:
    figures: Any = of_person({"id": similarity, "found": {"latent": found}})
    look: Look = {"similarity": similarity, "found": found}
    looks: list[PlaceLook] = [
        {"place": "latent", "number": None, "judges": {MAIN: look, "dlib": look}},
        {"place": "truncated", "number": 0.5, "judges": {MAIN: {**look, "source": 0.6}, "dlib": look}},
    ]
    return MeasuredPerson(figures, looks, (np.zeros(1), np.zeros(1)))


def retained(similarities: list[float | None]) -> Retained:
    people: list[RetainedPerson] = [
        {
            "judges": {MAIN: each, "dlib": 0.9},
            "lost": None if each is None else each < 0.7,
            "groups": ["male"],
            "nearest": 0,
            "distance": 1.5,
        }
        for each in similarities
    ]
    nothing: Any = {}
    return Retained(nothing, people, [])


def own_generators() -> list[Measured]:
    """Three people with a generator each; the third is not forgotten; of the last other no face was found."""
    ids, others = (0.1, 0.3, 0.8), ([0.9, 0.5, None], [0.8, 0.9, None], [0.7, 0.7, None])
    return [Measured({}, [person(i, found=i > 0.7)], retained(o)) for i, o in zip(ids, others, strict=True)]


def together() -> list[Measured]:
    people = [person(0.1, found=False), person(0.2, found=False), person(0.4, found=False)]
    return [Measured({}, people, retained([0.6, 0.9, 0.95]))]


def evaluated(path: Path, measured: list[Measured], **changes: Any) -> Path:
    """Write a run folder as `evaluate` leaves it."""
    folder = RunFolder(path)
    names = changes.pop("names", NAMES)
    request = Request("heads", "0" * 64, names, "LPIPS AlexNet", "heads identity", "the generator's")
    folder.begin(request, presets.heads(), np.zeros((len(names), 4, 8), np.float32))
    lines = figure_lines(names, measured)
    write_figures(folder.figures_file, lines)
    real = {"real_images_sha256": changes.pop("real")} if "real" in changes else {}
    settings = SETTINGS | changes
    samples = settings["frechet_samples"]
    folder.add_to_summary(
        {
            "protocol": PROTOCOL,
            "align": "fixed",
            "networks": {"identity": MAIN, "judges": [MAIN, "dlib"], "frechet": "alexnet"},
            "counts": {"other_latents": 2, "frechet": {"fid_pre": [samples, samples]}, **real},
            "settings": settings,
            "strangers": {MAIN: {"views": {"threshold": THRESHOLD}}, "dlib": {}},
            "fid_pre": 3.0,
            **statistics_of(lines, MAIN),
        }
    )
    return path


@pytest.mark.parametrize("measured", [own_generators(), together()], ids=["own generators", "together"])
def test_lines_are_read_as_they_were_written(tmp_path, measured):
    lines = figure_lines(NAMES, measured)
    write_figures(tmp_path / "figures.jsonl", lines)
    assert read_figures(tmp_path / "figures.jsonl") == lines
    people = [line for line in lines if line["kind"] == "person"]
    assert [(line["person"], line["subject"]) for line in people] == list(enumerate(NAMES))
    looks = [line for line in lines if line["kind"] == "look"]
    assert [(line["person"], line["place"]) for line in looks] == [
        (k, place) for k in range(3) for place in ("latent", "truncated")
    ]


def test_the_nearest_person_of_a_copy_is_its_own():
    lines = figure_lines(NAMES, own_generators())
    assert [line["nearest"] for line in lines if line["kind"] == "retained"] == [0] * 3 + [1] * 3 + [2] * 3


def test_statistics_are_over_people():
    statistics = statistics_of(figure_lines(NAMES, own_generators()), MAIN)
    assert statistics["intervals"]["id"] == interval_of([0.1, 0.3, 0.8])._asdict()
    assert statistics["intervals"]["id"]["worst"] == 0.8
    others = statistics["intervals"]["others_id"]
    assert (others["n"], others["worst"]) == (2, pytest.approx(0.7))  # each person's mean over the copies
    assert others["mean"] == pytest.approx((0.8 + 0.7) / 2)
    assert statistics["intervals_by_judge"]["dlib"]["id"]["std"] == 0
    assert statistics["shares"]["forgotten"]["number"] == 2
    assert statistics["shares"]["forgotten"]["people"] == 3
    assert statistics["shares"]["forgotten_by"]["latent"]["share"] == pytest.approx(2 / 3)
    assert statistics["shares"]["forgotten_by"]["photos"]["people"] == 0
    assert "others_lost" not in statistics["shares"]
    shared = statistics_of(figure_lines(NAMES, together()), MAIN)
    assert shared["shares"]["others_lost"]["share"] == pytest.approx(1 / 3)


def test_two_runs_over_the_same_people(tmp_path):
    first, second = evaluated(tmp_path / "a", own_generators()), evaluated(tmp_path / "b", together())
    comparison = compare_runs(first, second)
    paired = comparison.judges[MAIN]["id"]
    assert (paired.first, paired.second, paired.n) == (pytest.approx(0.4), pytest.approx(0.7 / 3), 3)
    assert comparison.judges[MAIN]["others_id"].n == 2  # the third has no face in the first run
    assert comparison.shares["forgotten"].difference == pytest.approx(1 / 3)
    assert comparison.shares["others_lost"].n == 2
    assert comparison.distances == {"fid_pre": (3.0, 3.0)}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"frechet_samples": 64}, "fid_pre is from 64 and 64 pictures, but in .* from 256 and 256"),
        ({"views": 3}, "measured with views 3, but .* with 11"),
        ({"names": ("anna", "ben", "dora")}, "other people"),
    ],
    ids=lambda value: "" if isinstance(value, str) else next(iter(value)),
)
def test_runs_that_cannot_be_paired_are_refused(tmp_path, changes, message):
    first = evaluated(tmp_path / "a", together())
    with pytest.raises(InputError, match=message):
        compare_runs(first, evaluated(tmp_path / "b", together(), **changes))


def with_photo(*sources: float | None) -> list[Measured]:
    """Return `together`, where the first person has other photos that are so similar in the source."""
    measured = together()
    measured[0].people[0].looks.extend(
        {
            "place": "photos",
            "number": number,
            "judges": {
                MAIN: {"similarity": 0.5, "found": False, "source": source},
                "dlib": {"similarity": 0.6, "found": False, "source": 0.7},
            },
        }
        for number, source in enumerate(sources)
    )
    return measured


@pytest.mark.parametrize(
    ("photos", "message"),
    [
        ((0.9, 0.7), "b: photo 1 of anna has another latent than in .*a, as after a search"),
        ((0.9,), "photo 1 of anna has another"),
        ((0.9, None), "photo 1 of anna has another"),
    ],
)
def test_runs_with_different_other_photos_are_refused(tmp_path, photos, message):
    first = evaluated(tmp_path / "a", with_photo(0.9, 0.8))
    for second in (tmp_path / "b", tmp_path / "c"):
        evaluated(second, with_photo(*photos))
    with pytest.raises(InputError, match=message):
        compare_runs(first, tmp_path / "b")
    compare_runs(tmp_path / "b", tmp_path / "c")


def test_photos_of_two_people_with_one_name_are_all_compared(tmp_path):
    folders = []
    for name, source in (("a", 0.9), ("b", 0.7)):
        measured = with_photo(source)
        measured[0].people[1].looks.append(with_photo(0.8)[0].people[0].looks[-1])
        folders.append(evaluated(tmp_path / name, measured, names=("anna", "anna", "carl")))
    with pytest.raises(InputError, match="photo 0 of anna has another"):
        compare_runs(*folders)


def test_photos_differ_by_a_processors_rounding(tmp_path):
    first = evaluated(tmp_path / "a", with_photo(0.9, None))
    second = evaluated(tmp_path / "b", with_photo(0.9004, None))
    assert compare_runs(first, second).judges[MAIN]["id"].n == 3


def test_the_size_of_batches_does_not_matter(tmp_path):
    first = evaluated(tmp_path / "a", together())
    comparison = compare_runs(first, evaluated(tmp_path / "b", together(), batch=9))
    assert comparison.judges[MAIN]["id"].p == 1


def test_means_of_equal_thresholds_do_not_matter(tmp_path):
    """A mean of five equal numbers need not be that number to the last bit."""
    first, second = (evaluated(tmp_path / name, together()) for name in "ab")
    summary = RunFolder(first).summary
    generator = {name: summary[name] for name in MEASURED_WITH} | {
        "picture_change": of_person()["picture_change"],
        "others": {MAIN: {"threshold": THRESHOLD}},
    }
    means = means_over_people([generator] * 5)
    assert means["others"] != generator["others"]
    assert means["counts"] == {**generator["counts"], "other_latents": 10}
    RunFolder(first).add_to_summary({"others": generator["others"]})
    RunFolder(second).add_to_summary(means)
    assert compare_runs(first, second).judges[MAIN]["id"].n == 3
    RunFolder(second).add_to_summary({"strangers": {MAIN: {"views": {"threshold": 0.6}}, "dlib": {}}})
    with pytest.raises(InputError, match=rf"threshold of {MAIN} \(views\) 0.6, but .* with 0.88"):
        compare_runs(first, second)


def test_distances_to_other_real_pictures_are_not_compared(tmp_path):
    """What no real pictures were given for, or an older version measured, is compared as before."""
    runs = {
        name: evaluated(tmp_path / name, together(), **changes)
        for name, changes in (
            ("a", {"real": "1f"}),
            ("b", {"real": "2e"}),
            ("c", {"real": "1f"}),
            ("old", {}),
        )
    }
    for path in runs.values():
        RunFolder(path).add_to_summary({"delta_fid_real": 1.0})
    with pytest.raises(
        InputError, match=r"b: was measured with other --real pictures than .*a; measure both"
    ):
        compare_runs(runs["a"], runs["b"])
    for second in ("c", "old"):
        assert compare_runs(runs["a"], runs[second]).distances["delta_fid_real"] == (1.0, 1.0)


def test_other_people_of_the_same_names_are_refused(tmp_path):
    """The photos of two folders may have the same names; latents of other processors differ by rounding."""
    first, second = (evaluated(tmp_path / name, together()) for name in "ab")
    ws = np.random.default_rng(0).normal(size=(len(NAMES), 4, 8)).astype(np.float32)
    RunFolder(first).keep_targets(ws, ws)
    RunFolder(second).keep_targets(ws * 1.005, ws)
    assert compare_runs(first, second).judges[MAIN]["id"].n == 3
    ws[1] += 0.3 * ws[0]
    RunFolder(second).keep_targets(ws, ws)
    with pytest.raises(InputError, match=r"b: ben is somebody else than in .*a, by their latents"):
        compare_runs(first, second)


def test_a_run_that_was_not_measured_is_refused(tmp_path):
    path = evaluated(tmp_path / "a", together())
    (path / "figures.jsonl").unlink()
    with pytest.raises(InputError, match=r"figures.jsonl: no such file; measure the run first: .* evaluate"):
        compare_runs(path, path)


@pytest.mark.parametrize("protocol", [None, PROTOCOL + 1])
def test_a_run_measured_by_another_protocol_is_refused(tmp_path, protocol):
    first, second = (evaluated(tmp_path / name, together()) for name in ("a", "b c"))
    RunFolder(second).add_to_summary({"protocol": protocol})
    message = r"b c: was not measured by this version's protocol; measure it: jaxunlearn evaluate '.*b c'"
    with pytest.raises(InputError, match=message):
        compare_runs(first, second)


def test_a_run_in_which_a_copy_diverged_is_refused(tmp_path, monkeypatch):
    people = People("three", NAMES, np.zeros((3, 4, 8)))
    result = Result(people, np.zeros((3, 4, 8)), tuple[Any, ...](range(3)), {"diverged": [1]}, None)
    message = r"^ben: their generator diverged; .* with a lower config\.optimiser\.learning_rate$"
    with pytest.raises(InputError, match=message):
        evaluate(tiny_models(), result, presets.heads())
    monkeypatch.setattr(command, "read_run", lambda _: (result, presets.heads(), tiny_models()))
    arguments = argparse.Namespace(folder=tmp_path, people=None, save_real=None, also=[], compose=False)
    with pytest.raises(InputError, match=message):
        command.run(arguments)


def test_a_line_of_another_form_is_refused(tmp_path):
    file = tmp_path / "figures.jsonl"
    file.write_text('{"kind": "look", "person": 0, "subject": "a", "place": "latent", "number": null}\n')
    with pytest.raises(InputError, match=r"figures.jsonl: line 1: .*judges"):
        read_figures(file)
