"""The request of a run, as run.json keeps it."""

import dataclasses
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from jaxunlearn.errors import InputError
from jaxunlearn.files.door import read_json
from jaxunlearn.files.json_form import check_form
from jaxunlearn.files.paths import check_folder
from jaxunlearn.training.storage.folder_forms import RunJson

RUN = "run.json"
"""File that makes a folder one of a run."""
FORMAT = 2
"""Number of the form of the folder; a new one means that older folders cannot be read."""


@dataclasses.dataclass(frozen=True)
class Request:
    """The request of a run.

    Attributes:
      model: name or path of the source generator.
      fingerprint: SHA-256 of its weights and settings.
      subjects: a line for each person, with the origin of their latent.
      perceptual, identity: names of the networks of the loss.
      mean_latent: its origin, see `models.MeanLatent`.
      shared: True if one generator forgets all people, False if everybody has a copy; `together` in run.json.
      start: SHA-256 of the generator that training starts from, where it is not the source.
      earlier: the same of the requests before, the first one first; empty if that is not known.
      earlier_subjects, earlier_seeds: of the people of all requests before, as far as that is known.
      seeds: see `photos.people.People`.
      adapters: files of adapters that the source generator has.
      numbers: of the generator copies, see `training.unlearn`.
      perceptual_sha256, identity_sha256: of the numbers of these networks.
      photos_sha256, inversion: see `photos.people.People`.
      network_files: see `models.loading.Models`.
    """

    model: str
    fingerprint: str
    subjects: tuple[str, ...]
    perceptual: str
    identity: str
    mean_latent: str
    shared: bool = False
    start: str = ""
    earlier: tuple[str, ...] = ()
    earlier_subjects: tuple[str, ...] = ()
    earlier_seeds: tuple[int | None, ...] = ()
    seeds: tuple[int | None, ...] = ()
    adapters: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()
    perceptual_sha256: str = ""
    identity_sha256: str = ""
    photos_sha256: tuple[str | None, ...] = ()
    inversion: Mapping[str, str] = dataclasses.field(default_factory=dict)
    network_files: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def copies(self) -> int:
        """Number of generators that the run makes."""
        return 1 if self.shared else len(self.subjects)

    @property
    def together(self) -> bool:
        """True if one generator forgets several people."""
        return self.copies < len(self.subjects)


def request_json(request: Request) -> dict[str, Any]:
    """Return the content of run.json."""
    fields = dataclasses.asdict(request)
    fields["together"] = fields.pop("shared")
    return {"format": FORMAT, "version": metadata.version("jaxunlearn"), **fields}


def read_request(folder: Path) -> Request:
    """Read run.json of a folder.

    Raises:
      InputError: if this is not the folder of a run, or of a run of another version.
    """
    path = folder / RUN
    check_folder(folder)
    if not path.is_file():
        raise InputError(f"{folder}: not the folder of a run (no {RUN} in it)")
    stored = check_form(read_json(path), dict[str, Any], path)
    if stored.get("format") != FORMAT:
        raise InputError(
            f"{folder}: written by jaxunlearn {stored.get('version', 'unknown')} in format "
            f"{stored.get('format')}; this version reads format {FORMAT}"
        )
    return _request_of(check_form(stored, RunJson, path))


def _request_of(stored: RunJson) -> Request:
    """Return the request."""
    names = {field.name for field in dataclasses.fields(Request)}
    values: dict[str, Any] = {
        name: tuple(x) if isinstance(x, list) else x for name, x in stored.items() if name in names
    }
    return Request(**values, shared=stored["together"])
