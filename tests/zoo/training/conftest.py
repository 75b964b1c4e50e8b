"""What the tests of all trainings share: committed configs, metrics, and runs that are interrupted."""

import contextlib
import json
import os
import runpy
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jaxunlearn.zoo.training.trainer import Config, train

CONFIGS = Path(__file__).parents[3] / "configs" / "zoo"


@pytest.fixture(scope="session")
def committed() -> Callable[..., Config]:
    """Return a function from a config's name and arguments to the committed settings."""

    def load(name: str, *arguments: str) -> Config:
        return runpy.run_path(str(CONFIGS / f"{name}.py"))["get_config"](*arguments)

    return load


@pytest.fixture(scope="session")
def metrics() -> Callable[[Path], list[dict[str, Any]]]:
    """Return a function that reads a run's metrics without the times."""

    def read(folder: Path) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
        return [{key: value for key, value in line.items() if key != "seconds"} for line in lines]

    return read


@pytest.fixture(scope="module")
def finished(task: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an uninterrupted run of the module's task."""
    folder = tmp_path_factory.mktemp("run")
    train(task, folder)
    return folder


class Interrupted:
    """A task that gets a signal while it draws the batch of a step."""

    def __init__(self, task: Any, number: int, kind: signal.Signals):
        self._task, self._number, self._kind = task, number, kind

    def __getattr__(self, name: str) -> Any:
        return getattr(self._task, name)

    @contextlib.contextmanager
    def batches(self) -> Iterator[Callable[[int], Any]]:
        with self._task.batches() as batch_of:

            def draw(number: int) -> Any:
                if number == self._number:
                    os.kill(os.getpid(), self._kind)
                return batch_of(number)

            yield draw


@pytest.fixture(scope="session")
def interrupted_at() -> Callable[..., Any]:
    """Return a function that makes a task of one whose run is interrupted at a step, counted from 0."""

    def wrap(task: Any, number: int, kind: signal.Signals = signal.SIGTERM) -> Any:
        return Interrupted(task, number, kind)

    return wrap
