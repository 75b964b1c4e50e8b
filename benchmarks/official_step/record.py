"""The numbers of a measurement and their file; needs neither PyTorch nor the rest of this folder."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np


def summary(seconds: Sequence[float]) -> dict[str, float | None]:
    """Return median, 95th percentile, mean and least of the seconds of steps; None without steps."""
    if not seconds:
        return {"median": None, "p95": None, "mean": None, "least": None}
    return {
        "median": float(np.median(seconds)),
        "p95": float(np.percentile(seconds, 95)),
        "mean": float(np.mean(seconds)),
        "least": float(np.min(seconds)),
    }


def is_finished(file: Path, steps: int) -> bool:
    """True if a record has exactly so many timed steps; one that was cut off has fewer."""
    return file.exists() and len(json.loads(file.read_text(encoding="utf-8"))["seconds"]) == steps


def write(file: Path, record: dict[str, Any]) -> None:
    """Write a record as JSON under a temporary name, and rename it."""
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    temporary.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    temporary.replace(file)
