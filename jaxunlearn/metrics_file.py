"""`metrics.jsonl`, one object a logged step, when a run goes on from an earlier step."""

import json
from pathlib import Path

from torch_bridge import replacing


def diverged_until(metrics: Path, step: int) -> set[int]:
    """Generator copies whose loss had ceased to be finite by a step."""
    lines = map(json.loads, metrics.read_text().splitlines()) if metrics.exists() else ()
    return {copy for line in lines if line["step"] <= step for copy in line.get("diverged", ())}


def forget_after(metrics: Path, step: int) -> None:
    """Drop the lines of steps that a resumed run takes again."""
    if metrics.exists():
        lines = metrics.read_text().splitlines(keepends=True)
        with replacing(metrics) as temporary:
            temporary.write_text("".join(line for line in lines if json.loads(line)["step"] <= step))
