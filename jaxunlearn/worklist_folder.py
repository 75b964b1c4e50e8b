"""A work list on disk: what is kept under which name.

worklist.json     what was asked for; written first
results.jsonl     one object a person and attempt: `subject`, `status` ("done" or "diverged"), `generator`,
                  `picture`, `loss`, `steps`, `learning_rate`, `seconds`, `wave`
generators/       the unlearned weights, one file a person
pictures/         before, target and after, one picture a person
waves/0000/       the run in progress, see `run_folder`; removed when its people are done
summary.json      how many are done, and how fast
report.html       a page to look at
"""

import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jaxunlearn.configuration import flat
from jaxunlearn.errors import InputError
from jaxunlearn.files import read_json, write_json
from jaxunlearn.folder_forms import ResultLine, WorklistJson
from jaxunlearn.json_form import check_form
from jaxunlearn.json_lines import drop_cut_off_line, read_json_lines, write_json_lines
from jaxunlearn.presets import ConfigDict
from jaxunlearn.run_folder import RunFolder
from jaxunlearn.terminal import complain
from torch_bridge import replacing

DONE, DIVERGED = "done", "diverged"


class WorklistFolder:
    """Reads and writes the files of a work list; see the module's text."""

    def __init__(self, path: Path, *, writes: bool = True):
        self.path = path
        self.writes = writes
        """Whether what is to be written is written: of several processes one does."""

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
        path = self.path / "worklist.json"
        if path.exists():
            before = self._worklist()
            changed = [name for name in asked if before.get(name) != asked[name]]
            if changed:
                raise InputError(
                    f"{self.path}: holds a work list with another {changed[0]}; give another folder"
                )
        elif self.path.is_dir() and any(self.path.iterdir()):
            raise InputError(f"{self.path}: holds other files; give an empty or a new folder")
        if not self.writes:
            return
        self.path.mkdir(parents=True, exist_ok=True)
        for name in ("generators", "pictures"):
            (self.path / name).mkdir(exist_ok=True)
        write_json(path, asked)
        if drop_cut_off_line(self.path / "results.jsonl", ResultLine):
            complain(f"{self.path / 'results.jsonl'}: its last line was cut off; it is dropped")

    def subjects(self) -> list[str]:
        """Who was asked for."""
        return self._worklist()["subjects"]

    def _worklist(self) -> WorklistJson:
        path = self.path / "worklist.json"
        return check_form(read_json(path), WorklistJson, path)

    def lines(self) -> list[dict[str, Any]]:
        """Of `results.jsonl`, without a last one that a crash cut off."""
        return [dict(line) for line in read_json_lines(self.path / "results.jsonl", ResultLine)]

    def last(self) -> dict[str, dict[str, Any]]:
        """Subject → their last line."""
        return {line["subject"]: line for line in self.lines()}

    def waves(self) -> int:
        """Waves that are done."""
        return max((line["wave"] + 1 for line in self.lines()), default=0)

    def wave(self, number: int) -> Path:
        """The run of a wave."""
        return self.path / "waves" / f"{number:04d}"

    def begun(self, number: int) -> tuple[str, ...]:
        """People of a wave that was cut off; nobody where none was."""
        run = RunFolder(self.wave(number))
        return run.request.subjects if run.exists() else ()

    def keep(self, generator: Path, number: int, subject: str) -> str:
        """Copy a person's generator to where it stays; returns its path inside the folder."""
        name = Path("generators") / f"{_file_name(number, subject)}.safetensors"
        if not self.writes:
            return str(name)
        with replacing(self.path / name) as temporary:
            shutil.copyfile(generator, temporary)
        return str(name)

    def picture(self, number: int, subject: str) -> Path:
        """Of a person: before, target, after."""
        return self.path / "pictures" / f"{_file_name(number, subject)}.png"

    def clean(self) -> None:
        """Remove the runs of waves that are done."""
        if not self.writes:
            return
        done = self.waves()
        for path in (self.path / "waves").glob("*"):
            if path.name.isdecimal() and int(path.name) < done:
                shutil.rmtree(path)

    def add(self, lines: Sequence[dict[str, Any]]) -> None:
        """Write the lines of a wave, all or none."""
        if not self.writes:
            return
        path = self.path / "results.jsonl"
        write_json_lines(path, [*self.lines(), *lines])

    def summarise(self, seconds: float, new: int) -> None:
        """Write `summary.json`; `new` people were worked on in so many seconds."""
        if not self.writes:
            return
        last = self.last()
        summary: dict[str, Any] = {
            "people": len(last),
            DONE: sum(line["status"] == DONE for line in last.values()),
            DIVERGED: sorted(subject for subject, line in last.items() if line["status"] == DIVERGED),
        }
        if new:
            summary["identities_per_hour"] = round(3600 * new / seconds, 2)
        write_json(self.path / "summary.json", summary)


def _file_name(number: int, subject: str) -> str:
    plain = re.sub(r"[^\w.-]+", "-", subject)
    return f"{number:05d}-{plain}"
