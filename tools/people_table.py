"""Write a table (image,identity) of the people of CelebA-HQ or FFHQ, for unlearn, invert and evaluate.

python tools/people_table.py celebahq --photos celebahq/ --mapping CelebA-HQ-to-CelebA-mapping.txt \
    --identities identity_CelebA.txt --least 4 --people 10 --out people.csv
python tools/people_table.py ffhq --ids ids.txt --photos ffhq/ --out people.csv
jaxunlearn unlearn --identities people.csv --model ffhq.safetensors --out runs/people

The two text files of CelebA-HQ come with the data sets of its authors. A list of FFHQ has one picture a line:
69, 00069 or 00069.png.
"""

import argparse
import csv
import io
import os
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from jaxunlearn.cli.argument_types import whole
from jaxunlearn.errors import InputError, shortened
from jaxunlearn.files.door import read_text, write_text
from jaxunlearn.limits import LARGEST_SEED
from jaxunlearn.photos.tables import COLUMNS
from torch_bridge import CheckpointError

CELEBAHQ_PICTURES, FFHQ_PICTURES = 30_000, 70_000
_CELEBA_NAME = re.compile(r"\d{6}\.jpg")
_SUFFIXES = (".png", ".jpg", ".jpeg")
_MAPPING_COLUMNS = ["idx", "orig_idx", "orig_file"]
_SHOWN = 3
"""Number of missing pictures that a message names."""


class Portrait(NamedTuple):
    """A picture of CelebA-HQ."""

    number: int
    """From 0 to 29999."""

    original: str
    """Name of the picture in CelebA, such as 000990.jpg."""

    person: str
    """Number of the person in CelebA."""


def celebahq_portraits(mapping: Path, identities: Path) -> list[Portrait]:
    """Return the pictures of CelebA-HQ with their people, by number.

    Args:
      mapping: CelebA-HQ-to-CelebA-mapping.txt, with the columns idx, orig_idx, orig_file.
      identities: identity_CelebA.txt, with lines such as `000001.jpg 2880`.

    Raises:
      InputError: if a file cannot be read, or a line of it is invalid.
    """
    people = read_identities(identities)
    lines = _lines(mapping)
    if not lines or lines[0][1] != _MAPPING_COLUMNS:
        raise InputError(f"{mapping}: its first line must be {' '.join(_MAPPING_COLUMNS)}")
    portraits: dict[int, Portrait] = {}
    for number, fields in lines[1:]:
        if len(fields) != 3 or not _is_number(fields[0]) or not _CELEBA_NAME.fullmatch(fields[2]):
            raise InputError(
                f"{mapping}: line {number} is not an index, a number and a name such as 000990.jpg"
            )
        index, original = int(fields[0]), fields[2]
        if index >= CELEBAHQ_PICTURES or index in portraits:
            fault = "listed twice" if index in portraits else f"above {CELEBAHQ_PICTURES - 1}"
            raise InputError(f"{mapping}: line {number}: index {index} is {fault}")
        if original not in people:
            raise InputError(f"{mapping}: line {number}: {original} is not in {identities}")
        portraits[index] = Portrait(index, original, people[original])
    if not portraits:
        raise InputError(f"{mapping}: lists no pictures")
    return [portraits[index] for index in sorted(portraits)]


def read_identities(path: Path) -> dict[str, str]:
    """Return name of a picture in CelebA → number of its person.

    Raises:
      InputError: if the file cannot be read, or a line of it is invalid.
    """
    people: dict[str, str] = {}
    for number, fields in _lines(path):
        if len(fields) != 2 or not _CELEBA_NAME.fullmatch(fields[0]) or not _is_number(fields[1]):
            raise InputError(f"{path}: line {number} is not a picture and a person, such as 000001.jpg 2880")
        if fields[0] in people:
            raise InputError(f"{path}: line {number}: {fields[0]} is listed twice")
        people[fields[0]] = fields[1]
    if not people:
        raise InputError(f"{path}: lists no pictures")
    return people


def choose_people(
    portraits: Sequence[Portrait], *, least: int, people: int | None, seed: int
) -> dict[str, list[Portrait]]:
    """Return person → pictures, for people with enough pictures.

    Args:
      portraits: the pictures.
      least: number of pictures that a person must have.
      people: number of people to draw at random; None keeps all, in the order of their first pictures.
      seed: of the draw.

    Raises:
      InputError: if there are fewer such people.
    """
    by_person: dict[str, list[Portrait]] = {}
    for portrait in portraits:
        by_person.setdefault(portrait.person, []).append(portrait)
    enough = [person for person, theirs in by_person.items() if len(theirs) >= least]
    if len(enough) < (people or 1):
        raise InputError(
            f"only {len(enough)} people have at least {least} pictures, not {people or 1}; lower --least"
        )
    if people is not None:
        drawn = np.random.default_rng(seed).choice(len(enough), people, replace=False)
        enough = [enough[k] for k in drawn]
    return {person: by_person[person] for person in enough}


def read_ids(path: Path) -> list[int]:
    """Return the pictures of FFHQ that a list names: a number a line, with or without zeros and suffix.

    Blank lines and lines that begin with # are skipped.

    Raises:
      InputError: if the file cannot be read, a line is no number of FFHQ, or a picture is listed twice.
    """
    ids: dict[int, None] = {}
    for number, fields in _lines(path):
        name = re.fullmatch(r"(\d{1,8})(\.png|\.jpe?g)?", fields[0], re.IGNORECASE | re.ASCII)
        if len(fields) != 1 or name is None or int(name[1]) >= FFHQ_PICTURES:
            text = shortened(" ".join(fields))
            raise InputError(f"{path}: line {number}: {text!r} is not a number of FFHQ, from 00000 to 69999")
        if int(name[1]) in ids:
            raise InputError(f"{path}: line {number}: {int(name[1]):05d} is listed twice")
        ids[int(name[1])] = None
    if not ids:
        raise InputError(f"{path}: lists no pictures")
    return list(ids)


def celebahq_file(folder: Path, portrait: Portrait, named_by: str) -> Path | None:
    """Return the file of a picture of CelebA-HQ; None if there is none."""
    if named_by == "original":
        return _existing(folder / Path(portrait.original).stem)
    return _existing(folder / f"{portrait.number:05d}", folder / str(portrait.number))


def ffhq_file(folder: Path, picture: int) -> Path | None:
    """Return the file of a picture of FFHQ, as its authors or EG3D name it; None if there is none."""
    name, part = f"{picture:05d}", f"{picture - picture % 1000:05d}"
    of_eg3d = f"{picture // 1000:05d}/img{picture:08d}"
    return _existing(folder / name, folder / part / name, folder / str(picture), folder / of_eg3d)


def write_table(out: Path, photos: Iterable[tuple[Path, str]]) -> None:
    """Write photos and the names of their people; paths start from the table's folder."""
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    for path, person in photos:
        rows.writerow([os.path.relpath(path, out.parent), person])
    write_text(out, text.getvalue())


def _lines(path: Path) -> list[tuple[int, list[str]]]:
    """Return number and fields of the lines of a text that say something."""
    lines = [(number, line.split()) for number, line in enumerate(read_text(path).splitlines(), 1)]
    return [(number, fields) for number, fields in lines if fields and not fields[0].startswith("#")]


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 9


def _existing(*stems: Path) -> Path | None:
    files = (stem.with_name(stem.name + suffix) for stem in stems for suffix in _SUFFIXES)
    return next((path for path in files if path.is_file()), None)


def _refuse_missing(folder: Path, files: Sequence[tuple[Path | None, str]]) -> list[Path]:
    missing = [name for path, name in files if path is None]
    if missing:
        rest = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
        raise InputError(f"{folder}: has no picture {', '.join(missing[:_SHOWN])}{rest}")
    return [path for path, _ in files if path is not None]


def _celebahq(arguments: argparse.Namespace) -> str:
    portraits = celebahq_portraits(arguments.mapping, arguments.identities)
    chosen = choose_people(portraits, least=arguments.least, people=arguments.people, seed=arguments.seed)
    theirs = [portrait for group in chosen.values() for portrait in group[: arguments.most]]
    files = _refuse_missing(
        arguments.photos,
        [
            (
                celebahq_file(arguments.photos, each, arguments.named_by),
                f"{each.number:05d} ({each.original})",
            )
            for each in theirs
        ],
    )
    write_table(arguments.out, zip(files, [each.person for each in theirs], strict=True))
    return f"{arguments.out}: {len(theirs)} pictures of {len(chosen)} people"


def _ffhq(arguments: argparse.Namespace) -> str:
    ids = read_ids(arguments.ids)
    found = [(ffhq_file(arguments.photos, each), f"{each:05d}") for each in ids]
    files = _refuse_missing(arguments.photos, found)
    write_table(arguments.out, zip(files, [name for _, name in found], strict=True))
    return f"{arguments.out}: {len(files)} pictures"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    sets = parser.add_subparsers(required=True)
    celebahq = sets.add_parser("celebahq", help="people of CelebA-HQ with several pictures each")
    add = celebahq.add_argument
    add("--mapping", type=Path, required=True, help="CelebA-HQ-to-CelebA-mapping.txt")
    add("--identities", type=Path, required=True, help="identity_CelebA.txt")
    add(
        "--named-by",
        choices=("index", "original"),
        default="index",
        help="pictures are named 00000 to 29999, or as in CelebA, such as 000990 [%(default)s]",
    )
    number = whole(1, CELEBAHQ_PICTURES)
    add("--least", type=number, default=2, help="pictures that a person must have [%(default)s]")
    add("--most", type=number, help="pictures of a person that are listed [all]")
    add("--people", type=number, help="number of people, drawn at random [all]")
    add("--seed", type=whole(0, LARGEST_SEED), default=0, help="seed of the draw [%(default)s]")
    celebahq.set_defaults(make=_celebahq)
    ffhq = sets.add_parser("ffhq", help="pictures of FFHQ by their numbers")
    ffhq.add_argument("--ids", type=Path, required=True, help="a text file, a number a line")
    ffhq.set_defaults(make=_ffhq)
    for each in (celebahq, ffhq):
        each.add_argument("--photos", type=Path, required=True, help="folder of the pictures")
        each.add_argument("--out", type=Path, required=True, help="the table (.csv)")
    return parser


def main() -> int:
    """Write the table; return 2 on wrong input."""
    arguments = _parser().parse_args()
    try:
        print(arguments.make(arguments))
    except (InputError, CheckpointError) as error:
        print(f"people_table.py: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
