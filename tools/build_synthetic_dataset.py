"""Render synthetic people into a TFDS data set; tools/picture_synthetic_people.py draws a few of them.

python tools/build_synthetic_dataset.py --out DIR --scenario generator --people 8000 --held-out 500 --views 8
"""

import argparse
import os
import sys
from pathlib import Path

from jaxunlearn.errors import InputError
from jaxunlearn.zoo.synthetic.scenarios import SCENARIOS


def parse_arguments() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(
        description="Render synthetic people into a TFDS data set.",
        epilog="example: %(prog)s --out data --scenario album --people 200 --held-out 50 --views 8",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", required=True, help="folder of the TFDS data set")
    parser.add_argument(
        "--scenario", choices=list(SCENARIOS), default="generator", help="default: %(default)s"
    )
    parser.add_argument("--people", type=int, default=1000, help="number of people (default: %(default)s)")
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
    return parser.parse_args()


def write_data_set(arguments: argparse.Namespace) -> None:
    """Write the TFDS data set."""
    # Only here: importing it takes a second.
    from jaxunlearn.zoo.synthetic.tfds_dataset import Heads, heads_config

    config = heads_config(
        arguments.scenario,
        people=arguments.people,
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
        write_data_set(arguments)
    except InputError as error:
        print(f"build_synthetic_dataset.py: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
