"""`metrics.jsonl`, one object a logged step, also when a run was cut off and goes on from an earlier step."""

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jaxunlearn.errors import InputError
from jaxunlearn.files import parse_json, read_text, write_text


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Objects of a file with one in each line; a last line that was cut off is left out.

    Raises:
      InputError: if any other line is damaged; the message names it.
    """
    if not path.exists():
        return []
    whole = read_text(path).split("\n")[:-1]
    lines = [parse_json(line, f"{path}, line {number}") for number, line in enumerate(whole, 1)]
    for number, line in enumerate(lines, 1):
        if not isinstance(line, dict):
            raise InputError(f"{path}, line {number}: not a JSON object; remove that line")
    return lines


def write_lines(path: Path, lines: list[dict[str, Any]]) -> None:
    """Write objects, one in each line, all or none."""
    write_text(path, "".join(json.dumps(line) + "\n" for line in lines))


def drop_cut_off(path: Path) -> None:
    """Remove a last line that a crash cut off, with a warning."""
    if path.exists() and not (text := read_text(path)).endswith("\n") and text:
        warnings.warn(f"{path}: its last line was cut off and is dropped", stacklevel=2)
        write_text(path, text[: text.rfind("\n") + 1])


def add_line(path: Path, line: Mapping[str, Any]) -> None:
    """Add an object.

    Raises:
      InputError: if the disk is full.
    """
    try:
        with path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(json.dumps(line) + "\n")
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror})") from error


def read_metrics(metrics: Path) -> list[dict[str, Any]]:
    """Lines of a run's metrics; see `read_lines`.

    Raises:
      InputError: if a line is damaged, or has no step.
    """
    lines = read_lines(metrics)
    for number, line in enumerate(lines, 1):
        if not isinstance(line.get("step"), int):
            raise InputError(f"{metrics}, line {number}: has no step; remove that line")
    return lines


def diverged_until(metrics: Path, step: int) -> set[int]:
    """Generator copies whose loss had ceased to be finite by a step."""
    lines = [line for line in read_metrics(metrics) if line["step"] <= step]
    return {copy for line in lines for copy in line.get("diverged", ())}


def forget_after(metrics: Path, step: int) -> None:
    """Drop the lines of steps that a resumed run takes again."""
    if metrics.exists():
        drop_cut_off(metrics)
        write_lines(metrics, [line for line in read_metrics(metrics) if line["step"] <= step])
