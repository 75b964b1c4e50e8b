"""Record who was forgotten when: `registry.json` in the folder of requests one after the other.

The registry names each request's run folder, which holds the latents and settings.
"""

import dataclasses
import datetime
from pathlib import Path
from typing import Any, NotRequired, TypedDict

from jaxunlearn.errors import InputError
from jaxunlearn.files.door import read_json, write_json
from jaxunlearn.files.json_form import check_form
from jaxunlearn.files.lock import refuse_other_files
from jaxunlearn.photos.people import People, distinct_subjects, joined
from jaxunlearn.training.result import people_of_run
from jaxunlearn.training.storage.run_dir import RunFolder

FORMAT = 1
REGISTRY = "registry.json"
"""File that makes a folder one of requests one after the other."""


class _EntryJson(TypedDict):
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
    requests: list[_EntryJson]
    asked: NotRequired[int]


@dataclasses.dataclass(frozen=True)
class Entry:
    """A finished request.

    Attributes:
      name: of the request.
      folder: its run folder, relative to the registry's folder.
      subjects: names of its people.
      when: time of its end, UTC, ISO 8601.
      generator: fingerprint of the resulting generator, see `models.generator.fingerprint_of`.
      figures: of that generator, for all people forgotten so far and for other people.
    """

    name: str
    folder: str
    subjects: tuple[str, ...]
    when: str
    generator: str
    figures: dict[str, Any]


@dataclasses.dataclass
class Registry:
    """All finished requests, in order.

    Attributes:
      path: the folder.
      model: name or path of the source generator.
      fingerprint: of the source generator.
      entries: the finished requests.
      asked: number of requests that the newest call asked for, finished ones included.
    """

    path: Path
    model: str
    fingerprint: str
    entries: list[Entry] = dataclasses.field(default_factory=list)
    asked: int = 0

    @property
    def file(self) -> Path:
        """Path of `registry.json`."""
        return self.path / REGISTRY

    @property
    def report(self) -> Path:
        """The page of all requests."""
        return self.path / "report.html"

    @property
    def newest(self) -> RunFolder:
        """The run folder of the newest finished request."""
        return RunFolder(self.path / self.entries[-1].folder)

    @classmethod
    def open(cls, path: Path, model: str, fingerprint: str) -> "Registry":
        """Read the registry of a folder, or return an empty one.

        Raises:
          InputError: if it belongs to another generator or version, or the folder holds other files.
        """
        registry = cls(path, model, fingerprint)
        if not registry.file.is_file():
            _check_free(path)
            return registry
        stored = cls.read(path)
        if stored.fingerprint != fingerprint:
            raise InputError(
                f"{registry.file}: belongs to another generator ({stored.model}), not to {model}; "
                "choose another folder"
            )
        registry.entries, registry.asked = stored.entries, stored.asked
        return registry

    @classmethod
    def read(cls, path: Path) -> "Registry":
        """Read the registry of a folder.

        Raises:
          InputError: if there is none, or it belongs to another version.
        """
        file = cls(path, "", "").file
        stored = read_json(file)
        if not isinstance(stored, dict) or stored.get("format") != FORMAT:
            raise InputError(f"{file}: is not a registry of format {FORMAT}; choose another folder")
        checked = check_form(stored, _RegistryJson, file)
        entries = [_entry(entry) for entry in checked["requests"]]
        return cls(path, checked["model"], checked["fingerprint"], entries, checked.get("asked", 0))

    def ask(self, requests: int) -> None:
        """Keep how many requests are asked for; a registry without a finished one has no file yet."""
        self.asked = requests
        if self.entries:
            self.write()

    def add(self, name: str, folder: str, subjects: tuple[str, ...], generator: str, figures: Any) -> None:
        """Add a finished request, with the current time, and write the file; see `Entry`."""
        when = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        self.entries.append(Entry(name, folder, subjects, when, generator, figures))
        self.write()

    def write(self) -> None:
        """Write `registry.json`."""
        content = {
            "format": FORMAT,
            "model": self.model,
            "fingerprint": self.fingerprint,
            "asked": self.asked,
            "requests": [dataclasses.asdict(entry) for entry in self.entries],
        }
        self.path.mkdir(parents=True, exist_ok=True)
        write_json(self.file, content)


def _check_free(path: Path) -> None:
    """Refuse a folder without a registry that holds more than the run of a first request, cut off or not."""
    first = [child for child in path.glob(f"{folder_name(0, '')}*") if child.is_dir()]
    refuse_other_files(path, {REGISTRY, *(child.name for child in first)})
    for child in first:
        RunFolder(child).check_free()


def forgotten_until(folder: RunFolder) -> People:
    """Return everybody whom the generator of a run forgot, the people of requests before it first.

    Args:
      folder: of the run, which may be a request of a sequence; its people share a generator.

    Raises:
      InputError: if the run began with the generator of another one, and the registry beside it does not say
        of which.
    """
    own, start, file = people_of_run(folder), folder.request.start, folder.path.parent / REGISTRY
    if not start:
        return own
    entries = Registry.read(file.parent).entries if file.is_file() else []
    made = [entry.generator for entry in entries]
    if start not in made:
        raise InputError(
            f"{folder.path}: began with an earlier run, and {file} does not say whom that forgot; give "
            f"--adapter {folder.generator()}, with --seeds or --latents of everybody"
        )
    folders = [RunFolder(file.parent / entry.folder) for entry in entries[: made.index(start) + 1]]
    people = joined(own.name, [*map(people_of_run, folders), own])
    subjects = distinct_subjects([(subject, None) for subject in people.subjects])
    return dataclasses.replace(people, subjects=subjects)


def folder_name(number: int, request: str) -> str:
    """Return the name of a request's run folder; `number` counts from 0."""
    return f"{number + 1:02d}-{request}"


def _entry(stored: _EntryJson) -> Entry:
    return Entry(
        name=stored["name"],
        folder=stored["folder"],
        subjects=tuple(stored["subjects"]),
        when=stored["when"],
        generator=stored["generator"],
        figures=stored["figures"],
    )
