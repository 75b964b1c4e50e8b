"""Who was forgotten when: `registry.json` in the folder of a sequence of requests.

Latents and settings of a stage lie in its own folder, which the registry names.
"""

import dataclasses
import datetime
from pathlib import Path
from typing import Any, TypedDict

from jaxunlearn.errors import InputError
from jaxunlearn.files.door import read_json, write_json
from jaxunlearn.files.json_form import check_form

FORMAT = 1


class _StageJson(TypedDict):
    name: str
    folder: str
    subjects: list[str]
    when: str
    generator: str
    figures: dict[str, Any]


class _RegistryJson(TypedDict):
    format: int
    model: str
    fingerprint: str
    stages: list[_StageJson]


@dataclasses.dataclass(frozen=True)
class Entry:
    """A stage that is finished.

    Attributes:
      name: the request's.
      folder: of the stage's run, relative to the registry's.
      subjects: a line for each person.
      when: when it was finished, UTC.
      generator: SHA-256 of the numbers of the generator it left.
      figures: what everybody who was forgotten so far, and everybody else, look like in it.
    """

    name: str
    folder: str
    subjects: tuple[str, ...]
    when: str
    generator: str
    figures: dict[str, Any]


@dataclasses.dataclass
class Registry:
    """All finished stages, in order.

    Attributes:
      path: the folder.
      model: name or path of the source.
      fingerprint: SHA-256 of its numbers.
      entries: the stages.
    """

    path: Path
    model: str
    fingerprint: str
    entries: list[Entry] = dataclasses.field(default_factory=list)

    @property
    def file(self) -> Path:
        """Where it is kept."""
        return self.path / "registry.json"

    @classmethod
    def open(cls, path: Path, model: str, fingerprint: str) -> "Registry":
        """Read the registry of a folder, or begin one.

        Raises:
          InputError: if it is of another generator or version, or the folder holds other files.
        """
        registry = cls(path, model, fingerprint)
        if not registry.file.is_file():
            if path.is_dir() and any(child.name[0] != "." and child.is_file() for child in path.iterdir()):
                raise InputError(f"{path}: holds other files; give an empty or a new folder")
            return registry
        stored = read_json(registry.file)
        if not isinstance(stored, dict) or stored.get("format") != FORMAT:
            raise InputError(f"{registry.file}: not a registry that this version reads (format {FORMAT})")
        checked = check_form(stored, _RegistryJson, registry.file)
        if checked["fingerprint"] != fingerprint:
            raise InputError(
                f"{registry.file}: is of another generator ({checked['model']}), not of {model}; "
                "give another folder"
            )
        registry.entries = [_entry(entry) for entry in checked["stages"]]
        return registry

    def add(self, name: str, folder: str, subjects: tuple[str, ...], generator: str, figures: Any) -> None:
        """Write down that a stage is finished."""
        when = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        self.entries.append(Entry(name, folder, subjects, when, generator, figures))
        content = {
            "format": FORMAT,
            "model": self.model,
            "fingerprint": self.fingerprint,
            "stages": [dataclasses.asdict(entry) for entry in self.entries],
        }
        self.path.mkdir(parents=True, exist_ok=True)
        write_json(self.file, content)


def _entry(stored: _StageJson) -> Entry:
    return Entry(
        name=stored["name"],
        folder=stored["folder"],
        subjects=tuple(stored["subjects"]),
        when=stored["when"],
        generator=stored["generator"],
        figures=stored["figures"],
    )
