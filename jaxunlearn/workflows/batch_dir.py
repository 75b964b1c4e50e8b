"""The folder of a work list.

worklist.json     the people and settings; written first
results.jsonl     one line per person and attempt: `subject`, `status` ("done" or "diverged"), `generator`,
                  `picture`, `loss`, `steps`, `learning_rate`, `seconds`, `wave`
generators/       the unlearned weights, one file per person
pictures/         before, target and after, one picture per person
waves/0000/       run folder of the current wave, removed when its people are done
summary.json      how many people are done, and how fast
report.html       a page for the browser
"""

import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jaxunlearn.errors import InputError
from jaxunlearn.files.door import local_path, read_json, write_json
from jaxunlearn.files.json_form import check_form
from jaxunlearn.files.json_lines import drop_cut_off_line, read_json_lines, write_json_lines
from jaxunlearn.files.lock import NO_CONTENT, locked_clean
from jaxunlearn.files.names import file_name
from jaxunlearn.methods.settings import ConfigDict, flat
from jaxunlearn.training.storage.folder_forms import ResultLine, WorklistJson
from jaxunlearn.training.storage.run_dir import RunFolder
from torch_bridge import leftover_of, replacing

DONE, DIVERGED = "done", "diverged"


class WorklistFolder:
    """Reads and writes the files of a work list, see the module's docstring.

    Attributes:
      path: the folder.
      writes: True if this process writes files; one of several processes does.
    """

    def __init__(self, path: Path, *, writes: bool = True):
        self.path = local_path(path)
        self.writes = writes

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other processes from writing here, and remove unfinished files of a killed process.

        Raises:
          InputError: if another process uses the folder, or the folder holds other files.
        """
        if not self.writes:
            yield
            return
        with locked_clean(self.path, self._check_free):
            drop_cut_off_line(self._results, ResultLine)
            yield

    @property
    def _asked(self) -> Path:
        return self.path / "worklist.json"

    @property
    def _results(self) -> Path:
        return self.path / "results.jsonl"

    def _check_free(self) -> None:
        """Refuse a folder that holds other files than a work list's."""
        if self._asked.exists():
            self._read_asked()  # raises if another program wrote the file
        if self._asked.exists() or not self.path.is_dir():
            return
        left = {leftover_of(path.name) or path.name for path in self.path.iterdir()}
        if not left <= {self._asked.name, *NO_CONTENT}:
            raise InputError(f"{self.path}: holds other files; choose an empty or a new folder")

    def begin(self, model: str, subjects: Sequence[str], config: ConfigDict) -> None:
        """Write `worklist.json`, or check that it is the same as before.

        Args:
          model: fingerprint of the source.
          subjects: names of the people.
          config: of every person's run.

        Raises:
          InputError: if the folder holds another list, or other files.
        """
        asked = {"model": model, "subjects": list(subjects), "config": flat(config)}
        if self._asked.exists():
            before = self._read_asked()
            changed = [name for name in asked if before.get(name) != asked[name]]
            if changed:
                raise InputError(
                    f"{self.path}: holds a work list with another {changed[0]}; choose another folder"
                )
        else:
            self._check_free()
        if not self.writes:
            return
        self.path.mkdir(parents=True, exist_ok=True)
        write_json(self._asked, asked)
        for name in ("generators", "pictures"):
            (self.path / name).mkdir(exist_ok=True)

    def _read_asked(self) -> dict[str, Any]:
        """Return the contents of `worklist.json`.

        Raises:
          InputError: if the file does not have the form of a work list.
        """
        return dict(check_form(read_json(self._asked), WorklistJson, self._asked))

    def subjects(self) -> list[str]:
        """Return the names of the people in the list."""
        return self._read_asked()["subjects"]

    def lines(self) -> list[dict[str, Any]]:
        """Return the lines of `results.jsonl`; an incomplete last line is left out.

        Raises:
          InputError: if another line is damaged; the message has its number.
        """
        return [dict(line) for line in read_json_lines(self._results, ResultLine)]

    def last(self) -> dict[str, dict[str, Any]]:
        """Return the last line of each person, by name."""
        return {line["subject"]: line for line in self.lines()}

    def waves(self) -> int:
        """Return the number of waves that are done."""
        return max((line["wave"] + 1 for line in self.lines()), default=0)

    def wave(self, number: int) -> Path:
        """Return the run folder of a wave."""
        return self.path / "waves" / f"{number:04d}"

    def begun(self, number: int) -> tuple[str, ...]:
        """Return the names of the people in a wave that was begun; empty if it was not."""
        run = RunFolder(self.wave(number))
        return run.request.subjects if run.exists() else ()

    def keep(self, generator: Path, number: int, subject: str) -> str:
        """Copy a person's generator into `generators/`; return its path relative to the folder."""
        name = Path("generators") / f"{_file_name(number, subject)}.safetensors"
        if not self.writes:
            return str(name)
        with replacing(self.path / name) as temporary:
            shutil.copyfile(generator, temporary)
        return str(name)

    def picture(self, number: int, subject: str) -> Path:
        """Return the path of a person's picture: before, target, after."""
        return self.path / "pictures" / f"{_file_name(number, subject)}.png"

    def clean(self) -> None:
        """Remove the run folders of waves that are done."""
        if not self.writes:
            return
        done = self.waves()
        for path in (self.path / "waves").glob("*"):
            if re.fullmatch(r"\d{4,}", path.name, re.ASCII) and path.is_dir() and int(path.name) < done:
                shutil.rmtree(path)

    def add(self, lines: Sequence[dict[str, Any]]) -> None:
        """Add the lines of a wave to `results.jsonl`, all or none."""
        if not self.writes:
            return
        write_json_lines(self._results, [*self.lines(), *lines])

    def summarise(self, seconds: float, new: int) -> None:
        """Write `summary.json`.

        Args:
          seconds: duration of this call of `unlearn_all`.
          new: people that were finished or diverged in it.
        """
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
    return f"{number:05d}-{file_name(subject)}"
