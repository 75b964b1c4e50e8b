"""Write a table of CelebA-HQ's photos and the people in them, for `jaxunlearn unlearn --identities`.

python tools/celebahq_identities.py CelebA-HQ-to-CelebA-mapping.txt identity_CelebA.txt \
    --images celebahq/ --people 10 --photos 5 --out people.csv

CelebA-HQ numbers its photos anew and does not say who is in them. Its authors' mapping gives the number in
CelebA (columns idx, orig_idx, orig_file); CelebA's list of identities says who that is (`000001.jpg 2880`).
People with at least `--photos` photos are drawn by `--seed`; all their photos are listed, in the order of
their numbers, unless `--most` limits them.
"""

import argparse
import csv
import io
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from jaxunlearn.cli.argument_types import LARGEST_SEED, whole
from jaxunlearn.errors import InputError, shortened
from jaxunlearn.files.door import read_text, write_text
from torch_bridge import CheckpointError

HEADER = ["idx", "orig_idx", "orig_file"]
SUFFIXES = (".jpg", ".png")


def read_mapping(path: Path) -> dict[int, str]:
    """Return number of a photo in CelebA-HQ → its file in CelebA.

    Raises:
      InputError: if the file is not the mapping; with the number of the line.
    """
    lines = _rows(path)
    if not lines or lines[0][1] != HEADER:
        raise InputError(f"{path}: its first line must be {' '.join(HEADER)}")
    mapping: dict[int, str] = {}
    for line, fields in lines[1:]:
        if len(fields) != len(HEADER) or not _is_number(fields[0]):
            raise InputError(f"{path}: line {line} is not a row such as 0 119613 119614.jpg")
        if int(fields[0]) in mapping:
            raise InputError(f"{path}: line {line} has the number {fields[0]} a second time")
        mapping[int(fields[0])] = fields[2]
    return mapping


def read_identities(path: Path) -> dict[str, int]:
    """Return file in CelebA → number of the person in it.

    Raises:
      InputError: if the file is not the list of identities; with the number of the line.
    """
    identities: dict[str, int] = {}
    for line, fields in _rows(path):
        if len(fields) != 2 or not _is_number(fields[1]):
            raise InputError(f"{path}: line {line} is not a row such as 000001.jpg 2880")
        if fields[0] in identities:
            raise InputError(f"{path}: line {line} has {shortened(fields[0])} a second time")
        identities[fields[0]] = int(fields[1])
    if not identities:
        raise InputError(f"{path}: is empty")
    return identities


def photos_of_people(mapping: Mapping[int, str], identities: Mapping[str, int]) -> dict[int, list[int]]:
    """Return person → numbers of their photos in CelebA-HQ, in order.

    Raises:
      InputError: if a photo's file is not among the identities.
    """
    photos: dict[int, list[int]] = {}
    for index, file in sorted(mapping.items()):
        if file not in identities:
            raise InputError(
                f"{shortened(file)}: photo {index} of CelebA-HQ is not in the list of identities"
            )
        photos.setdefault(identities[file], []).append(index)
    return photos


def draw(photos: Mapping[int, Sequence[int]], people: int, least: int, seed: int) -> list[int]:
    """Return people with at least `least` photos, in random order.

    Raises:
      InputError: if there are fewer than `people`.
    """
    enough = sorted(person for person, theirs in photos.items() if len(theirs) >= least)
    if len(enough) < people:
        raise InputError(f"--people {people}: only {len(enough)} people have {least} photos or more")
    return [enough[k] for k in np.random.default_rng(seed).permutation(len(enough))[:people]]


def photo_file(images: Path, index: int) -> Path:
    """Return the file of a photo, such as 69.jpg or 00069.png.

    Raises:
      InputError: if there is none.
    """
    for name in (f"{index}", f"{index:05d}"):
        for suffix in SUFFIXES:
            path = images / f"{name}{suffix}"
            if path.is_file():
                return path
    raise InputError(f"{images}: has no photo {index} ({index}.jpg, {index:05d}.jpg, or .png)")


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """Return number and fields of each line that is not empty."""
    lines = enumerate(read_text(path).splitlines(), 1)
    return [(number, line.split()) for number, line in lines if line.strip()]


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 9


def parse_arguments() -> argparse.Namespace:
    """Return the arguments of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("mapping", type=Path, metavar="MAPPING", help="CelebA-HQ-to-CelebA-mapping.txt")
    add("identities", type=Path, metavar="IDENTITIES", help="identity_CelebA.txt")
    add("--images", type=Path, required=True, metavar="DIR", help="the photos, such as 69.jpg or 00069.png")
    add("--people", type=whole(1, 10_000), required=True, metavar="N", help="people to draw")
    add("--photos", type=whole(1, 1000), default=2, metavar="K", help="least photos of each [%(default)s]")
    add("--most", type=whole(1, 1000), metavar="K", help="most photos of each that are listed [all]")
    add("--seed", type=whole(0, LARGEST_SEED), default=0, help="of the draw [%(default)s]")
    add("--out", type=Path, required=True, metavar="CSV", help="the table to write: image,identity")
    return parser.parse_args()


def write_table(arguments: argparse.Namespace) -> int:
    """Write the table; return its number of photos."""
    photos = photos_of_people(read_mapping(arguments.mapping), read_identities(arguments.identities))
    folder = arguments.out.parent
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["image", "identity"])
    rows = [
        (os.path.relpath(photo_file(arguments.images, index), folder), person)
        for person in draw(photos, arguments.people, arguments.photos, arguments.seed)
        for index in photos[person][: arguments.most]
    ]
    table.writerows(rows)
    write_text(arguments.out, text.getvalue())
    return len(rows)


def main() -> int:
    """Run the command; return 2 on wrong input."""
    arguments = parse_arguments()
    try:
        count = write_table(arguments)
    except (InputError, CheckpointError) as error:
        print(f"celebahq_identities.py: {error}", file=sys.stderr)
        return 2
    print(f"{arguments.out}: {count} photos of {arguments.people} people")
    return 0


if __name__ == "__main__":
    sys.exit(main())
