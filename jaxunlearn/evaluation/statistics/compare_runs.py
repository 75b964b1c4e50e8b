"""Compare two evaluated runs over the same people."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jaxunlearn.errors import InputError
from jaxunlearn.evaluation.protocol import GIVEN, PROTOCOL, comparable
from jaxunlearn.evaluation.statistics.figures_file import Line, read_figures
from jaxunlearn.evaluation.statistics.over_people import (
    OTHERS,
    WORST,
    forgotten_people,
    person_values,
    retained_losses,
    retained_values,
)
from jaxunlearn.evaluation.statistics.paired import PairedDifference, compare_pairs
from jaxunlearn.training.storage.run_dir import RunFolder
from jaxunlearn.training.storage.same_run import same_people

DISTANCES = ("fid_pre", "kid_pre", "fid_forget", "delta_fid_real")

_SAME_LATENT = 0.02
"""Share of a latent's length by which processors may differ; different people are much further apart."""

_ROUNDING = 0.01
"""In the source, similarities of one latent differ by less from processor to processor. But a search for the
latent of a photo may end farther away there: then the runs were not measured alike."""


class RunComparison(NamedTuple):
    """Two runs over the same people."""

    shares: dict[str, PairedDifference]
    """`forgotten` over the forgotten people, `others_lost` over the retained people."""

    judges: dict[str, dict[str, PairedDifference]]
    """Name of a judge → name of a figure, as in `intervals_by_judge` of the summary."""

    distances: dict[str, tuple[float, float]]
    """Fréchet and kernel distances of both runs, from equally many pictures; they have no interval."""


def compare_runs(first: str | Path, second: str | Path, *, seed: int = 0) -> RunComparison:
    """Compare two run folders that `evaluate` has measured in the same way.

    Args:
      first: folder of the first run.
      second: folder of the second run, which forgot the same people.
      seed: of intervals and permutation tests.

    Raises:
      InputError: if a run was not measured, forgot other people, or was measured in another way.
    """
    folders = RunFolder(Path(first)), RunFolder(Path(second))
    lines = [read_figures(folder.figures_file) for folder in folders]
    _refuse_other_people(*folders)
    summaries = [folder.summary for folder in folders]
    _refuse_other_measurements(folders, summaries)
    _refuse_other_photos(folders, lines)
    return RunComparison(
        shares=_compare_all(
            {
                "forgotten": [forgotten_people(each) for each in lines],
                "others_lost": [retained_losses(each) for each in lines],
            },
            seed,
        ),
        judges={judge: _of_judge(lines, judge, seed) for judge in summaries[0]["networks"]["judges"]},
        distances={
            name: (summaries[0][name], summaries[1][name])
            for name in DISTANCES
            if all(summary.get(name) is not None for summary in summaries)
        },
    )


def _of_judge(lines: list[list[Line]], judge: str, seed: int) -> dict[str, PairedDifference]:
    both = {name: [person_values(each, judge, name) for each in lines] for name in WORST}
    both[OTHERS] = [retained_values(each, judge) for each in lines]
    return _compare_all(both, seed)


def _compare_all(both: dict[str, list[dict[int, float]]], seed: int) -> dict[str, PairedDifference]:
    """Compare figures of the people who have one in both runs; figures that nobody has are left out."""
    compared = {}
    for name, (first, second) in both.items():
        people = sorted(first.keys() & second.keys())
        if people:
            compared[name] = compare_pairs([first[k] for k in people], [second[k] for k in people], seed=seed)
    return compared


def _refuse_other_people(first: RunFolder, second: RunFolder) -> None:
    for name, said in (("fingerprint", "another model"), ("subjects", "other people")):
        if getattr(first.request, name) != getattr(second.request, name):
            raise InputError(
                f"{second.path}: is a run with {said} than {first.path}; paired runs have the same"
            )
    latents = first.people(), second.people()
    for k, subject in enumerate(first.request.subjects):
        if not same_person(*(each[k] for each in latents)):
            raise InputError(
                f"{second.path}: {subject} is somebody else than in {first.path}, by their latents in "
                "latents.npz; paired runs have the same people"
            )


def same_person(one: np.ndarray, other: np.ndarray) -> bool:
    """Return True if two runs forgot the same person, by the latents `[L, D]`; a name alone does not tell."""
    return same_people(one[None], other[None], _SAME_LATENT)


def _refuse_other_measurements(
    folders: tuple[RunFolder, RunFolder], summaries: Sequence[dict[str, Any]]
) -> None:
    """Refuse runs measured in different ways; Fréchet distances depend on the number of pictures."""
    first, second = summaries
    one, other = (str(folder.path) for folder in folders)
    for path, summary in ((one, first), (other, second)):
        if summary.get("protocol") != PROTOCOL:
            raise InputError(
                f"{path}: was not measured by this version's protocol; measure it: "
                f"jaxunlearn evaluate {shlex.quote(path)}"
            )
    counts = first["counts"]["frechet"], second["counts"]["frechet"]
    for name in counts[0].keys() & counts[1].keys():
        if counts[0][name] != counts[1][name]:
            raise InputError(
                f"{other}: {name} is from {_pictures(counts[1][name])}, but in {one} from "
                f"{_pictures(counts[0][name])}; such distances cannot be compared: measure both with the "
                "same config.evaluation"
            )
    real = [summary["counts"].get("real_images_sha256") for summary in summaries]
    if None not in real and real[0] != real[1]:
        raise InputError(
            f"{other}: was measured with other --real pictures than {one}; measure both with the same "
            "file of --save-real"
        )
    for name, before, now in _differences(first, second):
        raise InputError(
            f"{other}: was measured with {name} {now!r}, but {one} with {before!r}; measure both alike"
        )


def _refuse_other_photos(folders: tuple[RunFolder, RunFolder], lines: Sequence[list[Line]]) -> None:
    """Refuse runs in which the latents of other photos look otherwise in the source."""
    first, second = (_photos_in_source(each) for each in lines)
    for photo in sorted(first.keys() | second.keys()):
        one, other = first.get(photo), second.get(photo)
        if one is None or other is None or not np.allclose(one, other, 0, _ROUNDING, equal_nan=True):
            _, subject, number = photo
            raise InputError(
                f"{folders[1].path}: photo {number} of {subject} has another latent than in "
                f"{folders[0].path}, as after a search on another processor; measure both on one machine, or "
                "with the same --others"
            )


def _photos_in_source(lines: Sequence[Line]) -> dict[tuple[int, str, int], np.ndarray]:
    """Return number and name of a person, number of a photo → similarity in the source, by every judge."""
    return {
        (line["person"], line["subject"], line["number"]): np.array(
            [line["judges"][judge]["source"] for judge in sorted(line["judges"])], float
        )
        for line in lines
        if line["kind"] == "look" and line["place"] == "photos"
    }


def _pictures(counts: Sequence[int]) -> str:
    return f"{counts[0]} and {counts[1]} pictures"


def _differences(first: dict[str, Any], second: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    """Return the name and both values of each difference between two measurements."""
    sides = [
        {
            **comparable(summary),
            **dict.fromkeys(GIVEN),  # a run without them is compared in all other figures
            **{
                f"threshold of {judge} ({setup})": strangers["threshold"]
                for judge, setups in summary["strangers"].items()
                for setup, strangers in setups.items()
            },
        }
        for summary in (first, second)
    ]
    names = dict.fromkeys([*sides[0], *sides[1]])
    return [
        (name, sides[0].get(name), sides[1].get(name))
        for name in names
        if sides[0].get(name) != sides[1].get(name)
    ]
