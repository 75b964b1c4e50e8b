"""Render synthetic people into a TFDS data set, or into a contact sheet.

python tools/build_synthetic_dataset.py --out DIR --scenario generator --people 8000 --held-out 500 --views 8
python tools/build_synthetic_dataset.py --preview people.png --resolution 128
"""

import argparse
import os
import sys
from pathlib import Path

from jaxunlearn.errors import InputError
from jaxunlearn.files.paths import check_file
from jaxunlearn.images import save_png
from jaxunlearn.zoo.synthetic.photographs import PhotographRequest, contact_sheet, photograph
from jaxunlearn.zoo.synthetic.scenarios import SCENARIOS

MOST_PEOPLE = 16
"""People on a contact sheet."""


def parse_arguments() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(
        description="Render synthetic people into a TFDS data set (--out) or a contact sheet (--preview).",
        epilog="example: %(prog)s --out data --scenario album --people 200 --held-out 50 --views 8",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder of the TFDS data set")
    parser.add_argument(
        "--preview", type=Path, metavar="FILE.png", help="write a contact sheet, one person a row"
    )
    parser.add_argument(
        "--scenario", choices=list(SCENARIOS), default="generator", help="default: %(default)s"
    )
    parser.add_argument(
        "--people",
        type=int,
        help="number of people (default: 1000 for --out; 8 for --preview, at most 16)",
    )
    parser.add_argument(
        "--held-out", type=int, default=100, help="other people, for the split `test` (default: %(default)s)"
    )
    parser.add_argument(
        "--views", type=int, default=8, help="photographs of each person (default: %(default)s)"
    )
    parser.add_argument("--resolution", type=int, default=64, help="pixels a side (default: %(default)s)")
    parser.add_argument(
        "--seed", type=int, default=0, help="seed of all random choices (default: %(default)s)"
    )
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count() or 1, help="number of processes (default: all cores)"
    )
    arguments = parser.parse_args()
    if arguments.out is None and arguments.preview is None:
        parser.error("nothing to do: give --out DIR, --preview FILE.png or both")
    return arguments


def write_preview(arguments: argparse.Namespace) -> None:
    """Write the contact sheet."""
    request = PhotographRequest(
        arguments.scenario,
        people=8 if arguments.people is None else min(arguments.people, MOST_PEOPLE),
        views=arguments.views,
        resolution=arguments.resolution,
        seed=arguments.seed,
    )
    sheet = contact_sheet(photograph(request), request.people, request.views)
    save_png(arguments.preview, sheet)
    print(arguments.preview)


def write_data_set(arguments: argparse.Namespace) -> None:
    """Write the TFDS data set."""
    # Only here: importing it takes a second.
    from jaxunlearn.zoo.synthetic.tfds_dataset import Heads, heads_config

    config = heads_config(
        arguments.scenario,
        people=1000 if arguments.people is None else arguments.people,
        held_out=arguments.held_out,
        views=arguments.views,
        resolution=arguments.resolution,
        seed=arguments.seed,
        workers=arguments.workers,
    )
    builder = Heads(config=config, data_dir=arguments.out)
    builder.download_and_prepare()
    print(builder.data_path)


def main() -> int:
    """Run the command; return 2 on wrong input."""
    arguments = parse_arguments()
    try:
        if arguments.preview is not None:
            check_file(arguments.preview)
            write_preview(arguments)
        if arguments.out is not None:
            write_data_set(arguments)
    except InputError as error:
        print(f"build_synthetic_dataset.py: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
