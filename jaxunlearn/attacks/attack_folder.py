"""What attacks found, in the folder of a run.

attack.json               all figures; written anew after each attack
attack/NAME-0000.json     figures of an attack on a person, and what they were made with
attack/NAME-0000/         its pictures (PNG) and drawings (SVG)
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict

from jaxunlearn.attacks.attacked import Found
from jaxunlearn.files.door import read_json, write_json, write_text
from jaxunlearn.files.json_form import check_form
from jaxunlearn.images import save_png, to_uint8
from jaxunlearn.training.storage.run_dir import RunFolder


class AttackJson(TypedDict):
    """`attack/NAME-0000.json`."""

    made_with: dict[str, Any]
    seconds: float
    figures: dict[str, Any]
    pictures: list[str]
    drawings: list[str]


class AttacksJson(TypedDict):
    """`attack.json`."""

    people: dict[str, dict[str, dict[str, Any]]]
    subjects: dict[str, str]


class AttackFolder:
    """Reads and writes what attacks found; see the module's docstring.

    Args:
      run: the run folder.
    """

    def __init__(self, run: Path):
        self.path = run / "attack"
        self.figures = RunFolder(run).attacks_file

    def exists(self, name: str, person: int) -> bool:
        """Return True if the attack was finished in some way."""
        return self._file(name, person).exists()

    def read(self, name: str, person: int, made_with: Mapping[str, Any]) -> AttackJson | None:
        """Return what an attack found; None if it is not there, or was made with something else."""
        if not self.exists(name, person):
            return None
        file = self._file(name, person)
        content = check_form(read_json(file), AttackJson, file)
        return content if content["made_with"] == made_with else None

    def write(
        self, name: str, person: int, found: Found, seconds: float, made_with: Mapping[str, Any]
    ) -> AttackJson:
        """Write what an attack found, the figures last; return them."""
        folder = self._file(name, person).with_suffix("")
        folder.mkdir(parents=True, exist_ok=True)
        for label, picture in found.pictures.items():
            save_png(folder / _file_name_of_picture(label), to_uint8(picture))
        for label, drawing in found.drawings.items():
            write_text(self.drawing(name, person, label), drawing)
        content = AttackJson(
            made_with=dict(made_with),
            seconds=round(seconds, 1),
            figures=found.figures,
            pictures=list(found.pictures),
            drawings=list(found.drawings),
        )
        write_json(self._file(name, person), content)
        return content

    def pictures(self, name: str, person: int) -> dict[str, Path]:
        """Return label → file of the pictures of a finished attack."""
        file = self._file(name, person)
        names = check_form(read_json(file), AttackJson, file)["pictures"]
        return {label: file.with_suffix("") / _file_name_of_picture(label) for label in names}

    def drawing(self, name: str, person: int, label: str) -> Path:
        """Return the file of a drawing of an attack; it may not exist."""
        return self._file(name, person).with_suffix("") / f"{_file_name(label)}.svg"

    def _file(self, name: str, person: int) -> Path:
        return self.path / f"{name}-{person:04d}.json"


def read_attacks(run: Path) -> AttacksJson | None:
    """Return the content of `attack.json` in a run folder; None if the run was not attacked."""
    file = AttackFolder(run).figures
    return check_form(read_json(file), AttacksJson, file) if file.exists() else None


def _file_name_of_picture(label: str) -> str:
    return f"{_file_name(label)}.png"


def _file_name(label: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")
