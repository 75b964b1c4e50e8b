"""`metrics.jsonl`, one object a logged step, also when a run was cut off and goes on from an earlier step."""

import json
from pathlib import Path
from typing import Any

from torch_bridge import replacing


def read_metrics(metrics: Path) -> list[dict[str, Any]]:
    """The lines; a last one that was cut off while it was written is none."""
    whole = metrics.read_text().split("\n")[:-1] if metrics.exists() else []
    return [json.loads(line) for line in whole]


def diverged_until(metrics: Path, step: int) -> set[int]:
    """Generator copies whose loss had ceased to be finite by a step."""
    lines = [line for line in read_metrics(metrics) if line["step"] <= step]
    return {copy for line in lines for copy in line.get("diverged", ())}


def forget_after(metrics: Path, step: int) -> None:
    """Drop the lines of steps that a resumed run takes again."""
    if metrics.exists():
        lines = [line for line in read_metrics(metrics) if line["step"] <= step]
        with replacing(metrics) as temporary:
            temporary.write_text("".join(json.dumps(line) + "\n" for line in lines))
