"""The one door for files from outside: read them safely, and write complete files.

Only regular files are opened. Text is UTF-8 in any locale. Files that are larger or nested deeper than any
honest file are refused. Files are written under another name and then renamed.
"""

import json
import shutil
import tomllib
from io import BufferedReader
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from jaxunlearn.errors import InputError
from jaxunlearn.files.paths import local_path
from torch_bridge import CheckpointError, open_regular, replacing

LARGEST_TEXT = 64 * 2**20
"""Size in bytes of the largest text file that is read."""
MOST_NODES, MOST_VALUES = 1_000_000, 4_000_000
"""Largest numbers of lists and objects, and of commas, in JSON and TOML: parsed, they need up to thirty times
as much memory."""

DEEPEST = 100
"""Largest number of levels of lists and objects in a file that is read."""


def open_file(path: str | PathLike[str]) -> BufferedReader:
    """Open a regular file for reading.

    Raises:
      InputError: if it does not exist, may not be read, or is a folder, a pipe, a socket or a device.
    """
    try:
        return open_regular(local_path(path))
    except CheckpointError as error:
        raise InputError(f"{fspath(path)}: {error}") from error


def read_bytes(path: str | PathLike[str], *, most: int) -> bytes:
    """Return the content of a file.

    Args:
      path: the file.
      most: size in bytes; a larger file is refused before it is read.

    Raises:
      InputError: see `open_file`; also if it is too large.
    """
    with open_file(path) as file:
        try:
            content = file.read(most + 1)
        except OSError as error:
            raise InputError(f"{fspath(path)}: cannot be read ({error.strerror})") from error
    if len(content) > most:
        raise InputError(
            f"{fspath(path)}: is larger than {most / 2**20:.0f} MB, too large for this kind of file"
        )
    return content


def read_text(path: str | PathLike[str]) -> str:
    """Return the content of a text file in UTF-8, with or without a byte order mark.

    Raises:
      InputError: see `read_bytes`; also if it is not UTF-8.
    """
    try:
        return read_bytes(path, most=LARGEST_TEXT).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{fspath(path)}: is not text in UTF-8; save it as UTF-8") from error


def read_json(path: str | PathLike[str]) -> Any:
    """Return the content of a JSON file.

    Raises:
      InputError: see `read_text`; also if it is not JSON, or is nested too deep.
    """
    return parse_json(read_text(path), path)


def parse_json(text: str, name: str | PathLike[str]) -> Any:
    """Return the content of a text in JSON.

    Args:
      text: JSON.
      name: its name in errors.

    Raises:
      InputError: if it is not JSON, or is nested too deep.
    """
    _refuse_bomb(text, name)
    try:
        return _not_deep(json.loads(text), name)
    except RecursionError:
        raise _too_deep(name) from None
    except ValueError as error:
        raise InputError(f"{fspath(name)}: not readable as JSON ({error})") from error


def read_toml(path: str | PathLike[str]) -> dict[str, Any]:
    """Return the content of a TOML file.

    Raises:
      InputError: see `read_text`; also if it is not TOML, or is nested too deep.
    """
    text = read_text(path)
    _refuse_bomb(text, path)
    try:
        return _not_deep(tomllib.loads(text), path)
    except RecursionError:
        raise _too_deep(path) from None
    except ValueError as error:
        raise InputError(f"{fspath(path)}: not readable as TOML ({error})") from error


def _refuse_bomb(text: str, name: str | PathLike[str]) -> None:
    if text.count("[") + text.count("{") > MOST_NODES or text.count(",") > MOST_VALUES:
        raise InputError(f"{fspath(name)}: has too many values for this kind of file")


def _not_deep(content: Any, name: str | PathLike[str]) -> Any:
    """Return the content, if it is not nested too deep for printing, comparing and copying."""
    level: list[Any] = [content]
    for _ in range(DEEPEST):
        level = [
            member
            for node in level
            if isinstance(node, dict | list)
            for member in (node.values() if isinstance(node, dict) else node)
        ]
        if not level:
            return content
    raise _too_deep(name)


def _too_deep(name: str | PathLike[str]) -> InputError:
    return InputError(f"{fspath(name)}: is nested too deep to be read")


def write_text(path: Path, text: str) -> None:
    """Write a text file in UTF-8; it appears complete or not at all.

    Raises:
      torch_bridge.CheckpointError: if its folder does not exist or may not be written.
    """
    try:
        content = text.encode("utf-8", "surrogateescape")  # keeps names that are not UTF-8
    except UnicodeEncodeError:  # other surrogates, such as JSON's \\ud800
        content = text.encode("utf-8", "backslashreplace")
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file; see `write_text`."""
    write_text(path, json.dumps(value, indent=1) + "\n")


def copy_file(source: Path, path: Path) -> None:
    """Copy a file; the copy appears complete or not at all.

    Raises:
      torch_bridge.CheckpointError: if the folder of the copy does not exist or may not be written.
    """
    with replacing(path) as temporary:
        shutil.copyfile(source, temporary)
