"""`metrics.jsonl`, one object a logged step, when a run goes on from an earlier step."""

import json
from pathlib import Path

from torch_bridge import replacing


def forget_after(metrics: Path, step: int) -> None:
    """Drop the lines of steps that a resumed run takes again."""
    if metrics.exists():
        lines = metrics.read_text().splitlines(keepends=True)
        with replacing(metrics) as temporary:
            temporary.write_text("".join(line for line in lines if json.loads(line)["step"] <= step))
