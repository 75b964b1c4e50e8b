"""Make the gallery of the docs: carry out real runs, and keep their pages, pictures and words.

python tools/make_gallery.py                    # all runs of docs/gallery/runs.toml
python tools/make_gallery.py --only one sweep   # some of them
make docs                                       # the docs, with the pages

Pages go to docs/_pages/gallery/, which Git ignores. Small pictures go to docs/images/gallery/, and what the
commands said to docs/gallery/made.json; both are committed. What is there already is not made again; an
interrupted run is resumed.
"""

import argparse
import base64
import dataclasses
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypedDict

from jaxunlearn.errors import InputError
from jaxunlearn.files.door import read_json, read_text, write_json, write_text
from jaxunlearn.files.json_form import check_form
from jaxunlearn.reporting.page.picture import encoded
from jaxunlearn.reporting.sheets.sheet import read_picture

ROOT = Path(__file__).parents[1]
LARGEST_PICTURE = 24_000
"""Bytes of a picture in the docs."""
_SAID = 8
"""Lines that are kept of what the last command said."""
_FILES = (".png", ".html", ".json", ".safetensors")
_PROGRAM = "jaxunlearn"

Execute = Callable[[Sequence[str]], str]
"""Carries out a command without its program, and returns what it said."""


class _RunJson(TypedDict):
    title: str
    page: str
    picture: str
    share: float
    shows: str
    commands: list[str]


@dataclasses.dataclass(frozen=True)
class GalleryRun:
    """A run of the gallery; paths are relative to the root of the project.

    Attributes:
      name: of its page and picture.
      title: in the docs.
      page: that the commands make.
      picture: that they make.
      share: how much of the picture's height is shown, from the top; more than 0, at most 1.
      shows: what the picture shows.
      commands: one after another.
    """

    name: str
    title: str
    page: str
    picture: str
    share: float
    shows: str
    commands: tuple[str, ...]


def gallery_runs(root: Path) -> list[GalleryRun]:
    """Read `docs/gallery/runs.toml`.

    Raises:
      InputError: if the file has another form.
    """
    path = root / "docs" / "gallery" / "runs.toml"
    runs = check_form(tomllib.loads(read_text(path)), dict[str, _RunJson], path)
    return [GalleryRun(name, **{**run, "commands": tuple(run["commands"])}) for name, run in runs.items()]


def execute(arguments: Sequence[str]) -> str:
    """Carry out a command of `jaxunlearn` in the root of the project; its progress bars are shown.

    Raises:
      InputError: if it fails.
    """
    command = [sys.executable, "-m", _PROGRAM, *arguments]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise InputError(f"{shlex.join([_PROGRAM, *arguments])}: failed with exit code {done.returncode}")
    return done.stdout


def make(run: GalleryRun, root: Path, run_command: Execute) -> None:
    """Carry out a run unless its page is there already, and keep what the docs need of it.

    Args:
      run: of the gallery.
      root: of the project.
      run_command: carries out a command.

    Raises:
      InputError: if a command fails, or does not make the page and the picture.
    """
    made_file = root / "docs" / "gallery" / "made.json"
    made = check_form(read_json(made_file), dict[str, dict[str, object]], made_file)
    stamp = root / run.page
    stamp = stamp.with_name(f"{stamp.name}.commands")
    commands = "\n".join(run.commands)
    if not (stamp.is_file() and read_text(stamp) == commands and run.name in made):
        said = ""
        for command in run.commands:
            said = run_command(shlex.split(command)[1:])
        made[run.name] = {"said": _kept(said), "commands": list(run.commands)}
    page = root / run.page
    if not page.is_file():
        raise InputError(f"{page}: is not there after the commands of {run.name}")
    # The page of a sequence leads to the pages of its requests, one folder below.
    for each in (page, *page.parent.glob(f"*/{page.name}")):
        kept = root / "docs" / "_pages" / "gallery" / run.name / each.relative_to(page.parent)
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(each, kept)
    made[run.name]["megabytes"] = round(page.stat().st_size / 1e6, 1)
    _write_picture(root / run.picture, run.share, root / "docs" / "images" / "gallery" / f"{run.name}.webp")
    write_json(made_file, made)
    write_text(stamp, commands)


def _kept(said: str) -> list[str]:
    """Return the first lines of what a command said, without those that name files."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return [line for line in lines if not line.endswith(_FILES)][:_SAID]


def _write_picture(picture: Path, share: float, out: Path) -> None:
    """Write the upper share of a picture as WebP of few bytes."""
    whole = read_picture(picture)
    small = encoded(whole[: round(share * len(whole))], "", LARGEST_PICTURE)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(base64.b64decode(small.source.partition(",")[2]))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; return its exit code."""
    assert __doc__ is not None
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [run.name for run in gallery_runs(ROOT)]
    parser.add_argument(
        "--only", nargs="+", choices=names, default=names, metavar="NAME", help=", ".join(names)
    )
    chosen = parser.parse_args(arguments).only
    try:
        for run in gallery_runs(ROOT):
            if run.name in chosen:
                make(run, ROOT, execute)
                print(f"docs/_pages/gallery/{run.name}/{Path(run.page).name}")
    except InputError as error:
        print(f"make_gallery: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
