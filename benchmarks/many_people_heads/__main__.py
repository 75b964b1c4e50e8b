"""The command line of the benchmark; see the package."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import benchmarks.many_people_heads as package
from benchmarks import one_person_heads
from benchmarks.many_people_heads.cases import (
    MOST_DRAWS,
    MOST_PEOPLE,
    NUMBERS,
    ROWS,
    Case,
    cases,
    config_of,
)
from benchmarks.many_people_heads.lines import Line, case_of
from benchmarks.many_people_heads.page import page, settings_page
from benchmarks.many_people_heads.picture import write_picture
from benchmarks.many_people_heads.runs import line_of
from benchmarks.one_person_runs import completed
from jaxunlearn.errors import InputError
from jaxunlearn.evaluation.evaluate import measure_reference
from jaxunlearn.files.door import write_text
from jaxunlearn.models.loading import load_models

RUNS = Path(__file__).parents[2] / "runs"
PICTURE = one_person_heads.PICTURES / "many_people.webp"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is missing, and write the page after each run."""
    parser = argparse.ArgumentParser(
        description=package.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, nargs="+", default=list(NUMBERS), metavar="N")
    parser.add_argument("--draws", type=int, default=1, help="groups of people [%(default)s]")
    rows = parser.add_mutually_exclusive_group()
    rows.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS), metavar="ROW")
    rows.add_argument("--settings", nargs="+", metavar="PRESET[:KEY=VALUE,...]")
    parser.add_argument("--runs", type=Path, default=RUNS / "many_people_heads", metavar="DIR")
    parser.add_argument(
        "--alone",
        type=Path,
        default=RUNS / "one_person_heads",
        metavar="DIR",
        help="runs of one_person_heads.py, whose adapters are composed [%(default)s]",
    )
    parser.add_argument("--out", type=Path, default=Path(package.__file__).parent, metavar="DIR")
    parser.add_argument("--picture", type=Path, default=PICTURE, metavar="FILE")
    asked = parser.parse_args(arguments)
    if not all(2 <= number <= MOST_PEOPLE for number in asked.people) or not 1 <= asked.draws <= MOST_DRAWS:
        parser.error(f"--people are from 2 to {MOST_PEOPLE}, --draws from 1 to {MOST_DRAWS}")
    wanted = cases(asked.settings or asked.rows, asked.people, asked.draws)
    try:
        configs = [config_of(case) for case in wanted]
    except InputError as error:
        parser.error(str(error))
    name, said = ("settings", settings_page) if asked.settings else ("results", page)
    table = asked.out / ("settings.md" if asked.settings else "table.md")
    models = load_models("heads")

    def begin(_: Case) -> Callable[[Case], Line]:
        reference = measure_reference(models, configs[0])
        return lambda case: line_of(models, reference, case, asked.runs, asked.alone)

    lines = completed(
        asked.out / f"{name}.jsonl",
        Line,
        wanted,
        case_of,
        begin,
        lambda lines: write_text(table, said(lines)),
    )
    fewest = min(asked.people)
    shown = [
        case for case in wanted if case.people == fewest and case.draw == 0 and case in map(case_of, lines)
    ]
    if not asked.settings and shown:
        write_picture(models, shown, asked.runs, asked.alone, asked.picture)


if __name__ == "__main__":
    main()
