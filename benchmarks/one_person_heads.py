"""One person forgotten, GUIDE beside LEGATO, on fresh people of the bundled model; and the README's pictures.

    python -m benchmarks.one_person_heads                        # minutes a person and method on two cores
    python -m benchmarks.one_person_heads --people 5 --methods guide
    python -m benchmarks.one_person_heads --draws 3              # three seeds of each run

Nobody is chosen: people are the seeds from 10,000 on, which no setting was chosen on. Each measured run is a
line of `one_person_heads.jsonl`, and is not run again; `one_person_heads.md` is written anew after each.

The pictures are of the first draw: the first person by each method, and GUIDE's worst. The worst is who
judges find in most places; among equals, who stays most alike in other photos.
"""

import argparse
import functools
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.one_person_page import METHODS, Case, Line, badness, case_of, page
from benchmarks.one_person_runs import completed, measured, trained
from jaxunlearn.evaluation.evaluate import measure_reference
from jaxunlearn.evaluation.reference import Reference
from jaxunlearn.files.door import write_text
from jaxunlearn.methods.config import from_config
from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.methods.registry import preset
from jaxunlearn.models.loading import Models, load_models
from jaxunlearn.profiling.devices import processor
from jaxunlearn.reporting.before_after import RunPictures

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "images"
PICTURE_OF_FIRST = {"guide": "forgotten", "legato": "forgotten_legato"}
"""Method → name of the picture of its first person."""
FIRST_PERSON = 10_000
GAP = 10
"""White pixels between the person and the others."""


def cases(methods: Sequence[str], people: int, draws: int) -> list[Case]:
    """Return all cases: everybody's first draw by each method, then the second, ..."""
    seeds = range(FIRST_PERSON, FIRST_PERSON + people)
    return [Case(method, seed, draw) for draw in range(draws) for method in methods for seed in seeds]


def config_of(case: Case) -> ConfigDict:
    """Return the settings of a run: the method's preset for the bundled model."""
    config = preset(f"{case.method}/heads", 1)
    config.seed = case.draw
    return config


def folder_of(case: Case, runs: Path) -> Path:
    """Return the folder of a run."""
    return runs / f"{case.method}-{case.seed}-{case.draw}"


def line_of(models: Models, reference: Reference, case: Case, runs: Path) -> Line:
    """Run a case and measure it."""
    run = measured(models, reference, case.seed, config_of(case), folder_of(case, runs))
    return {"method": case.method, "draw": case.draw, "processor": processor(), **run}


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
    config = config_of(case)
    result = trained(models, case.seed, config, folder_of(case, runs))
    pictures = RunPictures(models.generator, result, from_config.compute(config))
    composed(pictures.person(0), pictures.others(0)).save(out, quality=88, method=6)


def write_page(folder: Path, lines: Sequence[Line]) -> None:
    """Write the page of all lines."""
    write_text(folder / "one_person_heads.md", "\n".join(page(lines)) + "\n")


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
    wanted = cases(asked.methods, asked.people, asked.draws)
    models = load_models("heads")

    def begin(case: Case) -> Callable[[Case], Line]:
        reference = measure_reference(models, config_of(case))
        return lambda case: line_of(models, reference, case, asked.runs)

    lines = completed(file, Line, wanted, case_of, begin, functools.partial(write_page, asked.out))
    for method, name in PICTURE_OF_FIRST.items():
        drawn = [line for line in lines if (line["method"], line["draw"]) == (method, 0)]
        if drawn:
            first = case_of(min(drawn, key=case_of))
            write_picture(models, first, asked.runs, asked.pictures / f"{name}.webp")
        if drawn and method == "guide":
            worst = case_of(max(drawn, key=badness))
            write_picture(models, worst, asked.runs, asked.pictures / "forgotten_worst.webp")


if __name__ == "__main__":
    main()
