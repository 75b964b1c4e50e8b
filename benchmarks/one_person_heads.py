"""One person forgotten, GUIDE beside LEGATO, on fresh people of the bundled model; and the README's pictures.

    python benchmarks/one_person_heads.py                        # minutes a person and method on two cores
    python benchmarks/one_person_heads.py --people 5 --methods guide
    python benchmarks/one_person_heads.py --draws 3              # three seeds of each run

Nobody is chosen: people are the seeds from 10,000 on, which no setting was chosen on. Each measured run is a
line of `one_person_heads.jsonl`, and is not run again; `one_person_heads.md` is written anew after each.

The pictures are of GUIDE's first draw: the first person, and the worst. The worst is who judges find in most
places; among equals, who stays most alike in other photos.
"""

import argparse
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypedDict

import numpy as np
from PIL import Image
from tqdm import tqdm

from benchmarks.forgetting_heads.cells import counted, found_nowhere, interval, reached, table
from jaxunlearn.evaluation.evaluate import evaluate, measure_reference
from jaxunlearn.evaluation.forgetting import PLACES
from jaxunlearn.evaluation.reference import Reference
from jaxunlearn.evaluation.statistics import compare_pairs
from jaxunlearn.files.door import write_text
from jaxunlearn.files.json_lines import drop_cut_off_line, read_json_lines
from jaxunlearn.methods import from_config
from jaxunlearn.methods.registry import preset
from jaxunlearn.methods.settings import ConfigDict
from jaxunlearn.models.loading import Models, load_models
from jaxunlearn.photos.people import people_from_seeds
from jaxunlearn.profiling.devices import processor
from jaxunlearn.reporting.before_after import RunPictures
from jaxunlearn.training.result import Result
from jaxunlearn.training.storage.metrics_log import add_line
from jaxunlearn.training.unlearn import unlearn

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "images"
METHODS = {"guide": "GUIDE", "legato": "LEGATO"}
FIRST_PERSON = 10_000
GAP = 10
"""White pixels between the person and the others."""
_LEFT_OUT = ("strangers", "settings", "networks", "counts", "align", "others_lost_by_group", "retain")
"""Figures that are the same for everybody, or too long for a line."""


class Case(NamedTuple):
    """A run: a method, a person, and the seed of the run."""

    method: str
    seed: int
    draw: int


class Line(TypedDict):
    """A measured run.

    Attributes:
      method: one of `METHODS`.
      seed: of the person.
      draw: seed of the run.
      processor: of the machine.
      steps: of the optimiser.
      steps_per_second: without compilation; other work may have run beside it.
      figures: of `evaluate_generator`.
    """

    method: str
    seed: int
    draw: int
    processor: str
    steps: int
    steps_per_second: float
    figures: dict[str, Any]


def case_of(line: Line) -> Case:
    """Return the case of a line."""
    return Case(line["method"], line["seed"], line["draw"])


def cases(methods: Sequence[str], people: int, draws: int) -> list[Case]:
    """Return all cases: everybody's first draw by each method, then the second, ..."""
    seeds = range(FIRST_PERSON, FIRST_PERSON + people)
    return [Case(method, seed, draw) for draw in range(draws) for method in methods for seed in seeds]


def config_of(case: Case) -> ConfigDict:
    """Return the settings of a run: the method's preset for the bundled model."""
    config = preset(f"{case.method}/heads", 1)
    config.seed = case.draw
    return config


def trained(models: Models, case: Case, folder: Path) -> Result:
    """Return the run of a case; a finished run is read, and one that was cut off goes on."""
    people = people_from_seeds(models, [case.seed])
    workdir = folder / f"{case.method}-{case.seed}-{case.draw}"
    return unlearn(models, people, config_of(case), workdir=workdir, progress=False)


def measured(models: Models, reference: Reference, case: Case, folder: Path) -> Line:
    """Run a case and measure it."""
    result = trained(models, case, folder)
    assert result.folder is not None
    if "people" not in result.folder.summary:
        evaluate(models, result, config_of(case), reference=reference, progress=False)
    summary = result.folder.summary
    figures = summary["people"]["0"]
    return {
        **case._asdict(),
        "processor": processor(),
        "steps": summary["steps"],
        "steps_per_second": summary["steps_per_second"],
        "figures": {name: value for name, value in figures.items() if name not in _LEFT_OUT},
    }


def places_found(line: Line) -> int:
    """Return in how many places judges find somebody, added up over the judges."""
    judges = line["figures"]["judges"].values()
    return sum(bool(found) for judge in judges for found in judge["found"].values())


def photos_found(line: Line) -> int:
    """Return in how many other photos the judge finds somebody who finds most."""
    return max(judge["others_found"] or 0 for judge in line["figures"]["judges"].values())


def lost(line: Line) -> int:
    """Return how many other people are somebody else afterwards to at least one judge."""
    return round(line["figures"]["others_lost_counts"]["number"])


_COUNTS = {"found": places_found, "photos": photos_found, "others lost": lost}


def badness(line: Line) -> tuple[int, float]:
    """Return what the worst person has most of."""
    return places_found(line), line["figures"]["id_others_max"]


def page(lines: Sequence[Line]) -> list[str]:
    """Return the lines of the page: forgotten, others, differences between methods, and each person."""
    groups = {method: [line for line in lines if line["method"] == method] for method in METHODS}
    groups = {method: sorted(group, key=case_of) for method, group in groups.items() if group}
    machines = ", ".join(sorted({line["processor"] for line in lines}))
    text = [
        "# One person forgotten, on fresh people of the bundled model",
        "",
        f"`python benchmarks/one_person_heads.py`, settings `guide/heads` and `legato/heads`, on {machines}, "
        "beside other work. A run forgets one person in a generator of its own. Intervals are of 95 %; they "
        "take people, and those whom a run loses, as independent.",
        "",
        "## Forgotten",
        "",
        "People whom no judge finds anywhere; then, for each place, those whom at least one judge finds "
        "there; for each judge, those whom it finds nowhere; those who became their target to all judges.",
        "",
        *table(_forgotten_head(lines), [_forgotten(method, group) for method, group in groups.items()]),
        "## Everybody else",
        "",
        "Other people, chosen at random: lost, that is, somebody else afterwards to at least one judge; "
        "similarity before and after to the main judge, means over runs of its mean and of its worst "
        "twentieth; the change of pictures by LPIPS, and the Fréchet distance of AlexNet features.",
        "",
        *table(_OTHERS_HEAD, [_others(method, group) for method, group in groups.items()]),
    ]
    if len(groups) == len(METHODS):
        text += _differences(groups)
    text += [
        "## Each person",
        "",
        "Found: in how many places, added up over the judges (twelve at most). Photos: in how many other "
        "photos they are found by the judge who finds most. Means over draws.",
        "",
        *table(
            ["seed", *(f"{METHODS[method]}: {name}" for method in groups for name in _COUNTS)],
            _each_person(groups),
        ),
    ]
    first = [line for line in groups.get("guide", []) if line["draw"] == 0]
    if first:
        text += [f"GUIDE's worst person: seed {max(first, key=badness)['seed']}."]
    return text


def _forgotten_head(lines: Sequence[Line]) -> list[str]:
    judges = lines[0]["figures"]["judges"]
    head = ["", "runs", "forgotten", "interval", *(f"found: {place}" for place in PLACES)]
    return [*head, *(f"nowhere: {name}" for name in judges), "target"]


def _forgotten(method: str, lines: Sequence[Line]) -> list[str]:
    people = [line["figures"] for line in lines]
    number = sum(bool(each["forgotten"]) for each in people)
    return [
        METHODS[method],
        str(len(people)),
        f"{number} of {len(people)}",
        interval(number, len(people)),
        *(
            counted(any(judge["found"][place] for judge in each["judges"].values()) for each in people)
            for place in PLACES
        ),
        *(counted(found_nowhere(each["judges"][name]) for each in people) for name in people[0]["judges"]),
        counted(reached(each) for each in people),
    ]


_OTHERS_HEAD = [
    "",
    "lost",
    "interval",
    "most in a run",
    "similarity",
    "their worst twentieth",
    "LPIPS",
    "Fréchet",
    "steps",
    "steps/s",
]


def _others(method: str, lines: Sequence[Line]) -> list[str]:
    def mean(name: str, digits: int) -> str:
        return f"{np.mean([line['figures'][name] for line in lines]):.{digits}f}"

    number = sum(map(lost, lines))
    people = round(sum(line["figures"]["others_lost_counts"]["people"] for line in lines))
    return [
        METHODS[method],
        f"{number} of {people}",
        interval(number, people),
        str(max(map(lost, lines))),
        mean("others_id", 3),
        mean("others_id_p5", 2),
        mean("retained_lpips", 4),
        mean("fid_pre", 2),
        str(lines[0]["steps"]),
        f"{np.mean([line['steps_per_second'] for line in lines]):.2f}",
    ]


def _differences(groups: Mapping[str, Sequence[Line]]) -> list[str]:
    """Return the paired differences over the people that both methods forgot."""
    first, second = ({case_of(line)[1:]: line for line in groups[method]} for method in METHODS)
    both = sorted(first.keys() & second.keys())
    rows = []
    for name, count in _COUNTS.items():
        pair = compare_pairs([count(first[key]) for key in both], [count(second[key]) for key in both])
        ends = "-" if pair.low is None else f"{pair.low:+.2f} to {pair.high:+.2f}"
        means = f"{pair.first:.2f}", f"{pair.second:.2f}", f"{pair.difference:+.2f}"
        rows.append([name, *means, ends, f"{pair.p:.3f}"])
    return [
        "The same people by both methods: means, LEGATO less GUIDE, and the probability of so large a "
        "difference if the methods were alike (`evaluation.statistics.compare_pairs`).",
        "",
        *table([f"{len(both)} runs each", *METHODS.values(), "difference", "interval", "p"], rows),
    ]


def _each_person(groups: Mapping[str, Sequence[Line]]) -> list[list[str]]:
    seeds = sorted({line["seed"] for group in groups.values() for line in group})

    def cells(group: Sequence[Line], seed: int) -> list[str]:
        own = [line for line in group if line["seed"] == seed]
        return [f"{np.mean([count(line) for line in own]):g}" if own else "-" for count in _COUNTS.values()]

    return [
        [str(seed), *itertools.chain(*(cells(group, seed) for group in groups.values()))] for seed in seeds
    ]


def composed(person: np.ndarray, others: np.ndarray) -> Image.Image:
    """Return the picture of a run: before, target and after; below, other people before and after.

    Args:
      person: `[H, W, 3]` uint8, see `RunPictures.person`.
      others: `[h, w, 3]` uint8, see `RunPictures.others`; it is brought to the same width.
    """
    above, below = Image.fromarray(person), Image.fromarray(others)
    below = below.resize(
        (above.width, round(below.height * above.width / below.width)), Image.Resampling.LANCZOS
    )
    picture = Image.new("RGB", (above.width, above.height + GAP + below.height), "white")
    picture.paste(above, (0, 0))
    picture.paste(below, (0, above.height + GAP))
    return picture


def write_picture(models: Models, case: Case, runs: Path, out: Path) -> None:
    """Write the picture of a run."""
    result, compute = trained(models, case, runs), from_config.compute(config_of(case))
    pictures = RunPictures(models.generator, result, compute)
    composed(pictures.person(0), pictures.others(0)).save(out, quality=88, method=6)


def main(arguments: list[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--methods", nargs="+", choices=list(METHODS), default=list(METHODS))
    parser.add_argument("--people", type=int, default=20, help="number of people [%(default)s]")
    parser.add_argument("--draws", type=int, default=1, help="seeds of each run [%(default)s]")
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "one_person_heads", metavar="DIR")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, metavar="DIR")
    parser.add_argument("--pictures", type=Path, default=PICTURES, metavar="DIR")
    asked = parser.parse_args(arguments)
    file = asked.out / "one_person_heads.jsonl"
    drop_cut_off_line(file, Line)
    done = {case_of(line) for line in read_json_lines(file, Line)}
    missing = [case for case in cases(asked.methods, asked.people, asked.draws) if case not in done]
    models = load_models("heads")
    if missing:
        reference = measure_reference(models, config_of(missing[0]))
        for case in tqdm(missing, unit="run"):
            add_line(file, measured(models, reference, case, asked.runs))
            write_text(asked.out / "one_person_heads.md", "\n".join(page(read_json_lines(file, Line))) + "\n")
    first = [line for line in read_json_lines(file, Line) if (line["method"], line["draw"]) == ("guide", 0)]
    if first:
        worst = case_of(max(first, key=badness))
        for case, name in ((case_of(min(first, key=case_of)), "forgotten"), (worst, "forgotten_worst")):
            write_picture(models, case, asked.runs, asked.pictures / f"{name}.webp")


if __name__ == "__main__":
    main()
