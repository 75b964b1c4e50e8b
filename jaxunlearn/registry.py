"""Who was forgotten when: `registry.json` in the folder of a sequence of requests.

Latents and settings of a stage lie in its own folder, which the registry names.
"""

import dataclasses
import datetime
import json
from pathlib import Path
from typing import Any

from jaxunlearn.errors import InputError
from jaxunlearn.files import write_json

FORMAT = 1


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
        try:
            stored = json.loads(registry.file.read_text())
        except ValueError as error:
            raise InputError(f"{registry.file}: not readable as JSON ({error})") from error
        if not isinstance(stored, dict) or stored.get("format") != FORMAT:
            raise InputError(f"{registry.file}: not a registry that this version reads (format {FORMAT})")
        if stored["fingerprint"] != fingerprint:
            raise InputError(
                f"{registry.file}: is of another generator ({stored['model']}), not of {model}; "
                "give another folder"
            )
        registry.entries = [
            Entry(**{**entry, "subjects": tuple(entry["subjects"])}) for entry in stored["stages"]
        ]
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
