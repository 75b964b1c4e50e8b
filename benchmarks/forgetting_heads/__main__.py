"""The command line of the benchmark; see the package."""

import argparse
import dataclasses
import functools
from pathlib import Path

import benchmarks.forgetting_heads as package
from benchmarks.forgetting_heads import picture
from benchmarks.forgetting_heads.albums import albums_of
from benchmarks.forgetting_heads.candidates import CANDIDATES, GUIDE, PUBLISHED, RANDOM, SUGAR, config_of
from benchmarks.forgetting_heads.frozen import changes_of, fingerprint, freeze, load_frozen
from benchmarks.forgetting_heads.lines import FROZEN, PAGE, RESULTS, TUNING, Line, read_lines, ready_for_more
from benchmarks.forgetting_heads.page import page
from benchmarks.forgetting_heads.people import TUNING_DRAWS, fresh_seeds, table_order, tuning_seeds
from benchmarks.forgetting_heads.runs import Bench, Wanted
from jaxunlearn.errors import InputError
from jaxunlearn.evaluation import Reference
from jaxunlearn.evaluation.evaluate import measure_reference
from jaxunlearn.files.door import write_text
from jaxunlearn.images import save_png
from jaxunlearn.methods import from_config
from jaxunlearn.methods.settings import ConfigDict
from jaxunlearn.models.loading import Models, load_models
from jaxunlearn.profiling.devices import processor
from jaxunlearn.reporting.before_after import RunPictures
from jaxunlearn.training.result import Result

TUNING_OTHERS = 128
"""Other people in tuning, of seed 0; the table has the preset's number of others, new ones for each draw."""

FIRST_OTHERS = 10_000
"""Seed of the other people in the table's first draw."""


def wanted_for_tuning() -> list[Wanted]:
    """Return the runs of the stage tune; both methods take turns on the same people."""
    return [
        Wanted(row, name, changes, people, draw, tuple(tuning_seeds(people, draw)))
        for draw in range(max(TUNING_DRAWS.values()))
        for people, draws in TUNING_DRAWS.items()
        if draw < draws
        for row in (GUIDE, SUGAR)
        for name, changes in CANDIDATES[row, people].items()
    ]


def wanted_for_table(lines: list[Line]) -> list[Wanted]:
    """Return the runs of the stage table, with the frozen settings.

    Raises:
      InputError: if settings are not frozen, or changed since the first line.
    """
    frozen = load_frozen(FROZEN, lines)
    return [
        Wanted(row, *changes_of(frozen, row, people), people, draw, tuple(fresh_seeds(people, draw)))
        for people, draw in table_order()
        for row in (GUIDE, RANDOM, SUGAR, PUBLISHED)
    ]


def run(stage: str, work: Path) -> None:
    """Run what is missing of a stage, then write the page.

    Args:
      stage: "tune" or "table".
      work: folder for albums and pictures.
    """
    fresh = stage == "table"
    path = RESULTS if fresh else TUNING
    lines = ready_for_more(path)
    wanted = wanted_for_table(lines) if fresh else wanted_for_tuning()
    work.mkdir(parents=True, exist_ok=True)
    models = load_models("heads")

    @functools.lru_cache(maxsize=1)
    def of_draw(draw: int | None) -> Reference:
        return _tuning_reference(models) if draw is None else _fresh_reference(models, draw)

    Bench(
        models=models,
        reference=lambda draw: of_draw(draw if fresh else None),
        albums=(lambda seeds: albums_of(models, seeds, work)) if fresh else (lambda seeds: {}),
        frozen=fingerprint(FROZEN) if fresh else "",
        path=path,
        pictures=functools.partial(_save_pictures, models, work / stage),
    ).run_all(wanted, lines)


def _fresh_reference(models: Models, draw: int) -> Reference:
    """Measure the source with other people of a draw's own."""
    config = config_of(GUIDE, 1, {}, 0)
    config.evaluation.seed = FIRST_OTHERS + draw
    return measure_reference(models, config, progress=False)


def _tuning_reference(models: Models) -> Reference:
    """Measure the source without people near the forgotten ones, whose pictures are half of all."""
    config = config_of(GUIDE, 1, {}, 0)
    config.evaluation.update(retained_people=TUNING_OTHERS, frechet_samples=TUNING_OTHERS)
    reference = measure_reference(models, config, progress=False)
    return dataclasses.replace(reference, settings=dataclasses.replace(reference.settings, near_radii=()))


def _save_pictures(models: Models, folder: Path, run: Wanted, result: Result, config: ConfigDict) -> None:
    folder.mkdir(exist_ok=True)
    shown = RunPictures(models.generator, result, from_config.compute(config))
    name = "_".join(map(str, run.key)).replace(" ", "-").replace("/", "-").replace(",", "")
    save_png(folder / f"{name}_people.png", shown.everybody())
    save_png(folder / f"{name}_others.png", shown.others(0))


def main() -> None:
    """Run a stage."""
    parser = argparse.ArgumentParser(
        description=package.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("stage", choices=("tune", "freeze", "table", "page", "picture"))
    parser.add_argument(
        "--work", type=Path, default=Path("runs/forgetting_heads"), help="folder for albums and pictures"
    )
    arguments = parser.parse_args()
    try:
        if arguments.stage == "freeze":
            freeze(read_lines(TUNING), FROZEN)
        elif arguments.stage == "picture":
            picture.draw(arguments.work / "table")
        elif arguments.stage != "page":
            run(arguments.stage, arguments.work)
    except (InputError, FileNotFoundError) as error:
        parser.exit(2, f"{error}\n")
    write_text(PAGE, page(read_lines(TUNING), read_lines(RESULTS), processor()))


if __name__ == "__main__":
    main()
