"""Read and write `metrics.jsonl`, an object for each logged step, also of runs that were cut off."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jaxunlearn.errors import InputError
from jaxunlearn.files.json_lines import drop_cut_off_line, read_json_lines, write_json_lines
from jaxunlearn.training.storage.folder_forms import StepLine


def read_metrics(metrics: Path, form: type[Any] = StepLine) -> list[dict[str, Any]]:
    """Return the lines, without a last one that was cut off while it was written.

    Args:
      metrics: the file.
      form: form of a line, see `json_form`.

    Raises:
      InputError: if the file cannot be read, or has another form.
    """
    return [dict(line) for line in read_json_lines(metrics, form)]


def add_line(path: Path, line: Mapping[str, Any]) -> None:
    """Append an object as a line.

    Raises:
      InputError: if the file cannot be written, for example on a full disk.
    """
    try:
        with path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(json.dumps(line) + "\n")
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror})") from error


def similarity_to_target(line: Mapping[str, Any]) -> float | None:
    """Return how alike the first pair, a local one, is to its target, by the network of the loss.

    Args:
      line: of the log. The terms of pairs that have no weight are 0 there, which says nothing.

    Returns:
      The similarity; None if it was not measured, or is not finite.
    """
    identity = line.get("identity", ())
    return 1 - identity[0] if any(identity) and identity[0] is not None else None


def diverged_until(metrics: Path, step: int) -> set[int]:
    """Return the numbers of the copies that had diverged at a step."""
    lines = [line for line in read_metrics(metrics) if line["step"] <= step]
    return {copy for line in lines for copy in line.get("diverged", ())}


def forget_after(metrics: Path, step: int) -> None:
    """Drop the lines after a step; a resumed run takes these steps again."""
    if metrics.exists():
        drop_cut_off_line(metrics, StepLine)
        write_json_lines(metrics, [line for line in read_metrics(metrics) if line["step"] <= step])
