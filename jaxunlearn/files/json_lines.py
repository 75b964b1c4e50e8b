"""Files with one JSON object per line; a crash may have cut off the last line."""

import json
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from jaxunlearn.errors import InputError
from jaxunlearn.files.door import parse_json, read_text, write_text
from jaxunlearn.files.json_form import check_form

Form = TypeVar("Form")


def read_json_lines(path: Path, form: type[Form]) -> list[Form]:
    """Read all complete lines; a last line that was cut off is left out.

    Args:
      path: the file; if it does not exist, there are no lines.
      form: the form of each line, see `json_form`.

    Raises:
      InputError: if the file cannot be read, or a line has another form.
    """
    return _read(path, form)[0]


def drop_cut_off_line(path: Path, form: type[Any]) -> bool:
    """Remove a last line that was cut off, with a warning; return True if there was one.

    A complete last line without a line break gets one, so that the next line does not run into it.

    Raises:
      InputError: see `read_json_lines`.
    """
    if not path.exists():
        return False
    lines, cut_off = _read(path, form)
    if cut_off or not read_text(path).endswith("\n"):
        write_json_lines(path, lines)
    if cut_off:
        warnings.warn(f"{path}: its last line was cut off and is dropped", stacklevel=2)
    return cut_off


def write_json_lines(path: Path, lines: Iterable[Mapping[str, Any]]) -> None:
    """Write a file of lines; it appears complete or not at all."""
    write_text(path, "".join(json.dumps(line) + "\n" for line in lines))


def _read(path: Path, form: type[Form]) -> tuple[list[Form], bool]:
    """Return all complete lines, and True if the last line was cut off."""
    if not path.exists():
        return [], False
    numbered = [(number, line) for number, line in enumerate(read_text(path).split("\n"), 1) if line.strip()]
    lines: list[Form] = []
    for number, line in numbered:
        where = f"{path}: line {number}"
        try:
            content = parse_json(line, where)
        except InputError:
            if number == numbered[-1][0]:
                return lines, True
            raise
        lines.append(check_form(content, form, where))
    return lines, False
