"""One person forgotten with other settings, on development people of the bundled model.

    python -m benchmarks.one_person_settings --set legato/heads --set legato/heads:steps=300
    python -m benchmarks.one_person_settings --set guide/heads:steps=300,optimiser.b1=0.8 --seeds 200 203

This is how presets are chosen. A row is a preset, and after a colon the settings that differ from it. Each
person has a generator of their own, and is measured as in `one_person_heads.py`. Seeds must be under 1000:
people of the tables are never looked at.

Each measured run is a line of `one_person_settings.jsonl`, and is not run again; `one_person_settings.md`
is written anew after each. A run that was cut off goes on in its folder. Minutes a run on two cores.
"""

import argparse
import functools
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.cells import counted, interval, table
from benchmarks.one_person_page import lost, people_counted, photos_found, places_found
from benchmarks.one_person_runs import MeasuredRun, completed, measured
from jaxunlearn.errors import InputError
from jaxunlearn.evaluation.evaluate import measure_reference
from jaxunlearn.evaluation.reference import Reference
from jaxunlearn.files.door import write_text
from jaxunlearn.methods.config.check_config import check
from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.methods.registry import preset
from jaxunlearn.models.loading import Models, load_models

ROOT = Path(__file__).parents[1]
SEEDS = (200, 203, 204, 205, 206, 207)
"""Development people: the first three are those of the older tables."""
_FIRST_OF_TABLES = 1000


class Case(NamedTuple):
    """A run: `PRESET` or `PRESET:KEY=VALUE,...`, and the seed of the person."""

    settings: str
    seed: int


class Line(MeasuredRun):
    """A measured run; `settings` as in `Case`."""

    settings: str


def case_of(line: Line) -> Case:
    """Return the case of a line."""
    return Case(line["settings"], line["seed"])


def config_of(settings: str, people: int = 1) -> ConfigDict:
    """Return the settings of a row.

    Args:
      settings: `PRESET` or `PRESET:KEY=VALUE,...`.
      people: number of people in one generator.

    Raises:
      InputError: if a setting is unknown or out of range.
    """
    name, _, changes = settings.partition(":")
    config = preset(name, people)
    for change in filter(None, changes.split(",")):
        key, _, value = change.partition("=")
        try:
            config.update_from_flattened_dict({key: json.loads(value)})
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"--set {settings}: {change} is not a setting and a number") from error
    check(config)
    return config


def line_of(models: Models, reference: Reference, case: Case, runs: Path) -> Line:
    """Run a case and measure it."""
    workdir = runs / case.settings.replace("/", "-").replace(":", "-") / str(case.seed)
    run = measured(models, reference, case.seed, config_of(case.settings), workdir)
    return {"settings": case.settings, **run}


HEADER = (
    "settings",
    "steps",
    "people",
    "forgotten",
    "found at their latent",
    "found: places of 12",
    "found: photos of 4",
    "dlib: similarity in photos",
    "others lost",
    "interval",
    "lost to each judge, %",
    "others",
    "their worst twentieth",
    "LPIPS of others",
    "steps/s",
)


def row(lines: Sequence[Line]) -> list[str]:
    """Return the row of some settings: counts over people, then means over them."""
    people = [line["figures"] for line in lines]
    judges = people[0]["judges"]
    number = sum(map(lost, lines))
    others = people_counted(lines)

    def mean(values: Sequence[float], digits: int) -> str:
        return f"{np.mean(values):.{digits}f}"

    return [
        lines[0]["settings"],
        str(lines[0]["steps"]),
        ", ".join(str(line["seed"]) for line in lines),
        counted(each["forgotten"] for each in people),
        counted(any(judge["found"]["latent"] for judge in each["judges"].values()) for each in people),
        mean([places_found(line) for line in lines], 1),
        mean([photos_found(line) for line in lines], 1),
        mean([each["judges"]["dlib"]["id_others"] for each in people], 3),
        f"{number} of {others}",
        interval(number, others),
        ", ".join(mean([100 * each["others"][name]["lost"] for each in people], 0) for name in judges),
        mean([each["others_id"] for each in people], 3),
        mean([each["others_id_p5"] for each in people], 2),
        mean([each["retained_lpips"] for each in people], 4),
        mean([line["steps_per_second"] for line in lines], 2),
    ]


def page(lines: Sequence[Line]) -> list[str]:
    """Return the lines of the page, a row for each settings and group of people measured with them."""
    groups: dict[str, list[Line]] = {}
    for line in sorted(lines, key=case_of):
        groups.setdefault(line["settings"], []).append(line)
    return [
        "# One person forgotten with other settings, on development people",
        "",
        "`python -m benchmarks.one_person_settings`, on the bundled model. A row is a preset and what "
        "differs from it. Counts are over people, each with a generator of their own; other figures are "
        "means over them. Found: in how many places, added up over the judges, and in how many other photos "
        "by the judge who finds most. Others: 48 people chosen at random; lost: somebody else to at least "
        f"one judge afterwards; lost to each judge: {', '.join(lines[0]['figures']['judges'])}. Rows with "
        "other people cannot be compared. Other work ran beside, so that steps/s cannot be compared either.",
        "",
        *table(HEADER, map(row, groups.values())),
    ]


def write_page(folder: Path, lines: Sequence[Line]) -> None:
    """Write the page of all lines."""
    write_text(folder / "one_person_settings.md", "\n".join(page(lines)) + "\n")


def main(arguments: list[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--set", action="append", required=True, metavar="PRESET[:KEY=VALUE,...]")
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS, metavar="N")
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "one_person_settings", metavar="DIR")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, metavar="DIR")
    asked = parser.parse_args(arguments)
    if max(asked.seeds) >= _FIRST_OF_TABLES:
        parser.error(f"--seeds: development people are under {_FIRST_OF_TABLES}")
    try:
        configs = [config_of(settings) for settings in asked.set]
    except InputError as error:
        parser.error(str(error))
    file = asked.out / "one_person_settings.jsonl"
    wanted = [Case(settings, seed) for seed in asked.seeds for settings in asked.set]

    def begin(_: Case) -> Callable[[Case], Line]:
        models = load_models("heads")
        reference = measure_reference(models, configs[0])
        return lambda case: line_of(models, reference, case, asked.runs)

    completed(file, Line, wanted, case_of, begin, functools.partial(write_page, asked.out))


if __name__ == "__main__":
    main()
