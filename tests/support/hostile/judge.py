"""Runs cases in a worker process and says what is wrong with each answer."""

import json
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.support.hostile.case import CANARY, Case
from tests.support.programs import environment

SECONDS, MEMORY = 10.0, 2**30
_START_SECONDS = 120.0
_WARM_UP_TFDS = ("unlearn", "--image", "tfds:nowhere", "--out", "out")
_WARM_UP = ("render", "--latents", "nothing.npz", "--out", "out")
"""Imports most of what commands need, so that a case is not charged for it."""


class Judge:
    """Holds the worker; a case that takes too long ends it, and the next case gets another."""

    def __init__(self, folder: Path):
        self._folder, self._number = folder, 0
        self._worker: subprocess.Popen[str] | None = None
        self._knows_tfds = False

    def problem(self, case: Case) -> str | None:
        """What is wrong with the answer to a case; None if it is as it should be."""
        folder = self._empty_folder()
        case.prepare(folder)
        before = {path.name for path in folder.iterdir()}
        if any(argument.startswith("tfds:") for argument in case.arguments) and not self._knows_tfds:
            self._answer(self._empty_folder(), _WARM_UP_TFDS, _START_SECONDS)
            self._knows_tfds = True
        answer = self._answer(folder, case.arguments, SECONDS)
        if answer is None:
            return f"no answer within {SECONDS:.0f} s, or the process died"
        problems = []
        if answer["code"] != case.code:
            problems.append(f"exit code {answer['code']}")
        lines = answer["error"].splitlines()
        if case.code and (len(lines) != 1 or not lines[0].startswith("jaxunlearn")):
            problems.append(f"{len(lines)} lines on stderr")
        if any(ord(character) < 32 and character != "\n" for character in answer["error"]):
            problems.append("control characters on stderr")
        if answer["peak"] > MEMORY:
            problems.append(f"{answer['peak'] / 2**20:.0f} MiB")
        if (folder / CANARY).exists():
            problems.append("CODE WAS RUN")
        strange = {path.name for path in folder.iterdir()} - before - {"out", "in", CANARY}
        if strange:
            problems.append(f"wrote {sorted(strange)}")
        return f"{'; '.join(problems)}\n{answer['error'][-600:]}" if problems else None

    def close(self) -> None:
        """End the worker."""
        if self._worker is not None:
            self._worker.kill()
            self._worker.wait()
            for stream in (self._worker.stdin, self._worker.stdout):
                if stream is not None:
                    stream.close()
            self._worker, self._knows_tfds = None, False

    def _empty_folder(self) -> Path:
        self._number += 1
        folder = self._folder / f"{self._number:04d}"
        folder.mkdir()
        return folder

    def _answer(self, folder: Path, arguments: tuple[str, ...], seconds: float) -> dict[str, Any] | None:
        if self._worker is None or self._worker.poll() is not None:
            self.close()
            self._start()
        assert self._worker is not None
        assert self._worker.stdin is not None
        assert self._worker.stdout is not None
        asked = {"folder": str(folder), "arguments": list(arguments)}
        self._worker.stdin.write(json.dumps(asked) + "\n")
        self._worker.stdin.flush()
        until = time.monotonic() + seconds
        ready, _, _ = select.select([self._worker.stdout], [], [], max(0.0, until - time.monotonic()))
        line = self._worker.stdout.readline() if ready else ""
        if not line:
            self.close()
            return None
        return json.loads(line)

    def _start(self) -> None:
        self._worker = subprocess.Popen(
            [sys.executable, "-P", "-m", "tests.support.hostile.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            env=environment(),
        )
        answer = self._answer(self._empty_folder(), _WARM_UP, _START_SECONDS)
        assert answer is not None, "the worker did not start"
