"""Networks by the name of a bundled file, or by a path."""

import contextlib
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path

from jaxunlearn.errors import InputError
from jaxunlearn.models.files.pretrained import locate_file


@contextlib.contextmanager
def bundled_or_file(
    name_or_path: str | Path, bundled: Mapping[str, str], otherwise: str
) -> Iterator[str | Path]:
    """Find a network's file, for the time of the block.

    Args:
      name_or_path: a name in `bundled`, or a path.
      bundled: name → file in `jaxunlearn/zoo`, without its suffix.
      otherwise: second half of the error's line: "no such file, and ...".

    Raises:
      InputError: if it is neither a bundled name nor an existing file.
    """
    if name_or_path in bundled:
        resource = resources.files("jaxunlearn.zoo") / f"{bundled[str(name_or_path)]}.safetensors"
        with resources.as_file(resource) as path:
            yield path
        return
    if not locate_file(name_or_path).exists():
        raise InputError(f"{name_or_path}: no such file, and {otherwise}")
    yield name_or_path
