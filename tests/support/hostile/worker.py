"""A process that runs commands one after another, each in a folder of its own, and reports how each went.

Reads a line of JSON a command from stdin: `folder`, `arguments`. Answers with a line: `code`, `out`, `error`,
`seconds`, and `peak`, the bytes that were resident above those before.
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, Any


def _memory(field: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


def _run(folder: str, arguments: list[str], answers: IO[str]) -> None:
    from jaxunlearn.cli import main as cli

    os.chdir(folder)
    kept = os.dup(1), os.dup(2)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as error:
        os.dup2(out.fileno(), 1)
        os.dup2(error.fileno(), 2)
        before = _memory("VmRSS")
        Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")  # the peak begins anew
        began, code = time.monotonic(), -1
        try:
            code = cli.main(arguments)
        except SystemExit as stopped:
            code = stopped.code if isinstance(stopped.code, int) else -1
        seconds = time.monotonic() - began
        sys.stdout.flush()
        sys.stderr.flush()
        peak = _memory("VmHWM") - before
        os.dup2(kept[0], 1)
        os.dup2(kept[1], 2)
        said = []
        for stream in (out, error):
            stream.seek(0)
            said.append(stream.read(100_000).decode("utf-8", "replace"))
    for descriptor in kept:
        os.close(descriptor)
    answer: dict[str, Any] = {
        "code": code,
        "out": said[0],
        "error": said[1],
        "seconds": seconds,
        "peak": peak,
    }
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


def main() -> None:
    """Answer until there are no more lines."""
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        for line in sys.stdin:
            asked = json.loads(line)
            _run(asked["folder"], asked["arguments"], answers)


if __name__ == "__main__":
    main()
