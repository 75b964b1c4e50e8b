"""A work list on disk: what is kept under which name.

worklist.json     what was asked for; written first
results.jsonl     one object a person and attempt: `subject`, `status` ("done" or "diverged"), `generator`,
                  `loss`, `steps`, `learning_rate`, `seconds`, `wave`
generators/       the unlearned weights, one file a person
waves/0000/       the run in progress, see `run_folder`; removed when its people are done
summary.json      how many are done, and how fast
"""

import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jaxunlearn.configuration import flat
from jaxunlearn.errors import InputError
from jaxunlearn.presets import ConfigDict
from torch_bridge import replacing

DONE, DIVERGED = "done", "diverged"


class WorklistFolder:
    """Reads and writes the files of a work list; see the module's text."""

    def __init__(self, path: Path, *, writes: bool = True):
        self._path = path
        self._writes = writes  # of several processes one does

    def begin(self, model: str, subjects: Sequence[str], config: ConfigDict) -> None:
        """Write what was asked, or check that it is what was asked before.

        Args:
          model: fingerprint of the source.
          subjects: who.
          config: of every person's run.

        Raises:
          InputError: if the folder holds another list, or other files.
        """
        asked = {"model": model, "subjects": list(subjects), "config": flat(config)}
        path = self._path / "worklist.json"
        if path.exists():
            before = json.loads(path.read_text())
            changed = [name for name in asked if before.get(name) != asked[name]]
            if changed:
                raise InputError(
                    f"{self._path}: holds a work list with another {changed[0]}; give another folder"
                )
        elif self._path.is_dir() and any(self._path.iterdir()):
            raise InputError(f"{self._path}: holds other files; give an empty or a new folder")
        if not self._writes:
            return
        self._path.mkdir(parents=True, exist_ok=True)
        (self._path / "generators").mkdir(exist_ok=True)
        with replacing(path) as temporary:
            temporary.write_text(json.dumps(asked, indent=1) + "\n")

    def lines(self) -> list[dict[str, Any]]:
        """Of `results.jsonl`."""
        path = self._path / "results.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def last(self) -> dict[str, dict[str, Any]]:
        """Subject → their last line."""
        return {line["subject"]: line for line in self.lines()}

    def waves(self) -> int:
        """Waves that are done."""
        return max((line["wave"] + 1 for line in self.lines()), default=0)

    def wave(self, number: int) -> Path:
        """The run of a wave."""
        return self._path / "waves" / f"{number:04d}"

    def keep(self, generator: Path, number: int, subject: str) -> str:
        """Copy a person's generator to where it stays; returns its path inside the folder."""
        plain = re.sub(r"[^\w.-]+", "-", subject)
        name = Path("generators") / f"{number:05d}-{plain}.safetensors"
        if not self._writes:
            return str(name)
        with replacing(self._path / name) as temporary:
            shutil.copyfile(generator, temporary)
        return str(name)

    def clean(self) -> None:
        """Remove the runs of waves that are done."""
        if not self._writes:
            return
        done = self.waves()
        for path in (self._path / "waves").glob("*"):
            if int(path.name) < done:
                shutil.rmtree(path)

    def add(self, lines: Sequence[dict[str, Any]]) -> None:
        """Write the lines of a wave, all or none."""
        if not self._writes:
            return
        path = self._path / "results.jsonl"
        text = "".join(json.dumps(line) + "\n" for line in [*self.lines(), *lines])
        with replacing(path) as temporary:
            temporary.write_text(text)

    def summarise(self, seconds: float, new: int) -> None:
        """Write `summary.json`; `new` people were worked on in so many seconds."""
        if not self._writes:
            return
        last = self.last()
        summary: dict[str, Any] = {
            "people": len(last),
            DONE: sum(line["status"] == DONE for line in last.values()),
            DIVERGED: sorted(subject for subject, line in last.items() if line["status"] == DIVERGED),
        }
        if new:
            summary["identities_per_hour"] = round(3600 * new / seconds, 2)
        with replacing(self._path / "summary.json") as temporary:
            temporary.write_text(json.dumps(summary, indent=1) + "\n")
