"""Render synthetic people into a TFDS data set, or onto a contact sheet.

python tools/build_heads_dataset.py --out DIR --scenario generator --people 8000 --held-out 500 --views 8
python tools/build_heads_dataset.py --preview people.png --resolution 128
"""

import argparse
import os
import sys
from pathlib import Path

from jaxunlearn.errors import InputError
from jaxunlearn.zoo.synthetic.contact_sheet import contact_sheet
from jaxunlearn.zoo.synthetic.photographs import PhotographRequest, photograph
from jaxunlearn.zoo.synthetic.scenarios import SCENARIOS


def write_preview(request: PhotographRequest, path: Path) -> None:
    """Write a contact sheet under a temporary name and rename it."""
    temporary = path.with_name(f".{path.stem}.partial.png")
    contact_sheet(photograph(request), request.people, request.views).save(temporary, optimize=True)
    os.replace(temporary, path)


def parse_arguments() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(
        description="Render synthetic people into a TFDS data set (--out) or a contact sheet (--preview).",
        epilog="example: %(prog)s --out data --scenario album --people 200 --held-out 50 --views 8",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="where the TFDS data set is written")
    parser.add_argument(
        "--preview", type=Path, metavar="FILE.png", help="write a contact sheet, one person a row"
    )
    parser.add_argument("--scenario", choices=list(SCENARIOS), default="generator")
    parser.add_argument(
        "--people",
        type=int,
        help="how many (default: 1000 for --out, 8 for --preview, which shows 16 at most)",
    )
    parser.add_argument("--held-out", type=int, default=100, help="other people, for the split `test`")
    parser.add_argument("--views", type=int, default=8, help="photographs of each (default: %(default)s)")
    parser.add_argument("--resolution", type=int, default=64, help="pixels a side (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes")
    arguments = parser.parse_args()
    if arguments.out is None and arguments.preview is None:
        parser.error("nothing to do: give --out DIR, --preview FILE.png or both")
    if arguments.preview is not None and not arguments.preview.resolve().parent.is_dir():
        parser.error(f"--preview {arguments.preview}: there is no such folder")
    return arguments


def main() -> int:
    """Run the command; 2 on wrong input."""
    arguments = parse_arguments()
    try:
        if arguments.preview is not None:
            sheet = PhotographRequest(
                arguments.scenario,
                people=min(arguments.people or 8, 16),
                views=arguments.views,
                resolution=arguments.resolution,
                seed=arguments.seed,
            )
            write_preview(sheet, arguments.preview)
            print(arguments.preview)
        if arguments.out is not None:
            # Only here: importing it takes a second.
            from jaxunlearn.zoo.synthetic.tfds_dataset import Heads, heads_config

            config = heads_config(
                arguments.scenario,
                people=arguments.people or 1000,
                held_out=arguments.held_out,
                views=arguments.views,
                resolution=arguments.resolution,
                seed=arguments.seed,
                workers=arguments.workers,
            )
            builder = Heads(config=config, data_dir=arguments.out)
            builder.download_and_prepare()
            print(builder.data_path)
    except InputError as error:
        print(f"build_heads_dataset.py: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
