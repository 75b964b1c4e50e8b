"""Paths on this machine, told from addresses on the web or in a cloud."""

import os
import re
import stat
from collections.abc import Sequence
from os import PathLike, fspath
from pathlib import Path

from jaxunlearn.errors import InputError

_URI = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]+):/")
"""A scheme has at least two letters, since one is a drive of Windows; pathlib turns `gs://` into `gs:/`."""


def local_path(text: str | PathLike[str]) -> Path:
    """Return a path on this machine.

    Raises:
      InputError: if the text is an address such as gs://bucket/name.
    """
    address = _URI.match(fspath(text))
    if address is not None:
        raise InputError(
            f"{fspath(text)}: paths of {address['scheme']}:// cannot be used yet; "
            "copy it to this machine first"
        )
    return Path(text)


def as_list(given: str | Path | Sequence[str | Path]) -> list[str | Path]:
    """Return paths or names as a list; a single one is no sequence of letters."""
    return [given] if isinstance(given, str | Path) else list(given)


def check_folder(folder: Path) -> None:
    """Check that a folder exists.

    Raises:
      InputError: if it does not, or is a file.
    """
    if not os.path.exists(folder):  # Path.exists fails for a name that is too long
        raise InputError(f"{folder}: no such folder")
    if not folder.is_dir():
        raise InputError(f"{folder}: is a file; give a folder")


def check_file(path: Path) -> None:
    """Check that a file can be written, before what takes long; nothing is made.

    Raises:
      InputError: if it is a folder, or its folder does not exist or may not be written.
    """
    folder = path.absolute().parent
    if not folder.is_dir():
        raise InputError(f"{path}: cannot be written, its folder does not exist")
    if path.is_dir():
        raise InputError(f"{path}: cannot be written, it is a folder")
    check_writable(folder)


def check_writable(folder: Path) -> None:
    """Check that files can be written into a folder, which need not exist yet; nothing is made.

    Raises:
      InputError: if it, or the folder in which it would be made, is a file or may not be written.
    """
    for path in (folder, *folder.parents):
        try:
            mode = os.stat(path).st_mode
        except FileNotFoundError:
            continue
        except OSError as error:
            raise InputError(f"{folder}: cannot be written ({error.strerror})") from error
        if not stat.S_ISDIR(mode):
            raise InputError(f"{folder}: cannot be written, {path} is a file")
        if not os.access(path, os.W_OK | os.X_OK):
            raise InputError(f"{folder}: cannot be written, {path} is read-only")
        return
