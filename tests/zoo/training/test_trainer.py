"""The loop of all trainings, with a task of one number: what it writes, how it stops, how it resumes."""

import contextlib
import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import ml_collections
import numpy as np
import pytest
from PIL import Image

from jaxunlearn.errors import InputError, Interrupted
from jaxunlearn.files.lock import locked
from jaxunlearn.zoo.synthetic.photographs import MAPPING_VERSION
from jaxunlearn.zoo.training import trainer
from jaxunlearn.zoo.training.trainer import Config, Figures, Numbers, Task, export, task_of, train


class State(NamedTuple):
    weight: jax.Array
    step: jax.Array


class Toy:
    """A weight that follows its batches half of the way."""

    file = "toy.json"
    lengths = ("steps",)

    def __init__(self, config: Config):
        self.config = config

    @property
    def steps(self) -> int:
        return self.config.steps

    def initial_state(self) -> State:
        return State(jnp.zeros(self.config.size), jnp.zeros((), jnp.int32))

    @contextlib.contextmanager
    def batches(self) -> Iterator[Callable[[int], float]]:
        yield float

    def held_out(self) -> np.ndarray:
        return np.arange(3.0)

    def step(self, state: State, batch: float, number: int) -> tuple[State, Numbers]:
        del number
        weight = (state.weight + batch) / 2
        loss = jnp.log(self.config.limit - weight[0])
        return State(weight, state.step + 1), {"phase": "toy", "loss": loss}

    def bar_texts(self, numbers: Numbers) -> dict[str, str]:
        return {"loss": f"{numbers['loss']:.1f}"}

    def evaluate(self, state: State, held_out: np.ndarray, *, people: int | None = None) -> Figures:
        return {"weight": float(state.weight[0]), "people": len(held_out[:people])}

    def picture(self, state: State, held_out: np.ndarray) -> np.ndarray | None:
        del held_out
        return np.full((2, 2, 3), int(state.step), np.uint8) if self.config.draws else None

    def save(
        self, state: State, path: Path, figures: Figures, seconds: float, *, dtype: str = "float32"
    ) -> None:
        about = {"weight": float(state.weight[0]), "figures": figures, "dtype": dtype}
        path.write_text(json.dumps({**about, "timed": seconds > 0}))


def toy(**changes: Any) -> Task[State, float, np.ndarray]:
    config: Any = ml_collections.ConfigDict()
    config.update({"task": "toy", "steps": 7, "size": 2, "limit": 100.0, "draws": True})
    config.update({"log_every": 2, "evaluate_every": 3, "evaluate_people": 1, "checkpoint_minutes": 9.0})
    config.update(changes)
    return Toy(config)


class Killed(Toy):
    """A toy whose run ends in its sixth step."""

    def step(self, state: State, batch: float, number: int) -> tuple[State, Numbers]:
        if number == 5:
            raise RuntimeError("killed")
        return super().step(state, batch, number)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an uninterrupted run."""
    folder = tmp_path_factory.mktemp("run")
    train(toy(), folder)
    return folder


def test_a_run_logs_evaluates_draws_and_saves(
    finished: Path, metrics: Callable[[Path], list[dict[str, Any]]]
) -> None:
    lines = metrics(finished)
    assert [line["step"] for line in lines if "loss" in line] == [2, 4, 6, 7]
    evaluated = [(line["step"], line["held_out"]["people"]) for line in lines if "held_out" in line]
    assert evaluated == [(3, 1), (6, 1), (7, 3)]
    assert sorted(path.name for path in (finished / "images").iterdir()) == [
        f"step{step:06d}.png" for step in (3, 6, 7)
    ]
    with Image.open(finished / "images" / "step000006.png") as image:
        assert image.getpixel((0, 0)) == (6, 6, 6)
    saved = json.loads((finished / "toy.json").read_text())
    assert saved["figures"] == lines[-1]["held_out"]
    assert (saved["dtype"], saved["timed"]) == ("float32", True)


def test_a_task_without_pictures_has_no_folder_for_them(tmp_path: Path) -> None:
    train(toy(draws=False), tmp_path)
    assert not (tmp_path / "images").exists()


def test_evaluate_every_0_evaluates_only_at_the_end(
    tmp_path: Path, metrics: Callable[[Path], list[dict[str, Any]]]
) -> None:
    train(toy(evaluate_every=0), tmp_path)
    assert [line["step"] for line in metrics(tmp_path) if "held_out" in line] == [7]


@pytest.mark.parametrize(
    ("name", "value"), [("log_every", 0), ("evaluate_every", -1), ("evaluate_people", 0)]
)
def test_too_small_numbers_are_refused_before_any_photograph(tmp_path: Path, name: str, value: int) -> None:
    with pytest.raises(InputError, match=rf"config\.{name} must be at least \d, not {value}"):
        train(toy(**{name: value}), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_resumes_as_if_nothing_had_happened(
    kind: signal.Signals,
    finished: Path,
    tmp_path: Path,
    metrics: Callable[[Path], list[dict[str, Any]]],
    interrupted_at: Callable[..., Any],
) -> None:
    with pytest.raises(Interrupted, match=r"step 5 is saved in .*\. The same command resumes it"):
        train(interrupted_at(toy(), 4, kind), tmp_path)
    assert not (tmp_path / "toy.json").exists()
    train(toy(), tmp_path)
    assert metrics(tmp_path) == metrics(finished)
    assert (tmp_path / "toy.json").read_bytes() == (finished / "toy.json").read_bytes()


def test_lines_after_the_last_checkpoint_are_logged_again(
    finished: Path, tmp_path: Path, metrics: Callable[[Path], list[dict[str, Any]]]
) -> None:
    with pytest.raises(RuntimeError, match="killed"):
        train(Killed(toy().config), tmp_path)  # long before its first checkpoint
    assert metrics(tmp_path)[-1]["step"] == 4
    train(toy(), tmp_path)
    assert metrics(tmp_path) == metrics(finished)


def test_checkpoints_come_after_so_many_minutes(tmp_path: Path, interrupted_at: Callable[..., Any]) -> None:
    with pytest.raises(RuntimeError, match="killed"):
        train(Killed(toy(checkpoint_minutes=0.0).config), tmp_path)
    assert {path.name for path in (tmp_path / "checkpoints").iterdir()} >= {"5"}
    with pytest.raises(Interrupted, match="step 6 is saved"):
        train(interrupted_at(toy(), 5), tmp_path)


def test_ctrl_c_before_the_first_step_is_no_traceback(tmp_path: Path) -> None:
    class Impatient(Toy):
        def held_out(self) -> np.ndarray:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="the same command resumes"):
        train(Impatient(toy().config), tmp_path)


def test_a_loss_that_is_not_finite_ends_the_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"the loss of step 4 is nan; lower config\.rate\.peak"):
        train(toy(limit=2.0), tmp_path)
    assert not (tmp_path / "toy.json").exists()


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        ({"size": 3}, "size 2, not 3"),
        ({"limit": 50.0}, r"limit 100\.0, not 50\.0"),
        ({"role": "judge"}, "role None, not 'judge'"),
    ],
)
def test_a_training_with_other_settings_is_refused(
    changes: dict[str, Any], difference: str, finished: Path
) -> None:
    before = (finished / "config.json").read_text()
    with pytest.raises(InputError, match=rf"is a training with config\.{difference}; give another --workdir"):
        train(toy(**changes), finished)
    assert (finished / "config.json").read_text() == before


def test_a_resumed_training_may_log_otherwise_and_take_other_steps(finished: Path, tmp_path: Path) -> None:
    train(toy(steps=4), tmp_path)
    train(toy(steps=7, log_every=1, evaluate_every=0, evaluate_people=2, checkpoint_minutes=1.0), tmp_path)
    weights = [json.loads((folder / "toy.json").read_text())["weight"] for folder in (finished, tmp_path)]
    assert weights[0] == weights[1]


def test_two_runs_cannot_share_a_folder(tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(InputError, match="is in use by process"):
        train(toy(), tmp_path)


def test_the_last_checkpoint_is_exported_in_half_precision(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainer, "task_of", Toy)
    figures = export(finished, tmp_path / "half.json")
    saved = json.loads((tmp_path / "half.json").read_text())
    whole = json.loads((finished / "toy.json").read_text())
    assert saved == {**whole, "dtype": "float16"}
    assert figures == whole["figures"]


def test_a_folder_without_a_run_is_not_exported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"not a run folder; give the --workdir of tools/train_zoo\.py"):
        export(tmp_path, tmp_path / "half.json")
    monkeypatch.setattr(trainer, "task_of", Toy)
    with pytest.raises(InputError, match="loss of step 2"):
        train(toy(limit=0.4), tmp_path)  # it ends before the first checkpoint
    with pytest.raises(InputError, match="no checkpoint in it yet"):
        export(tmp_path, tmp_path / "half.json")


def test_an_unknown_task_is_refused() -> None:
    config = ml_collections.ConfigDict({"task": "judge"})
    with pytest.raises(
        InputError, match=r"config\.task is 'judge'; choose from generator, identity, encoder"
    ):
        task_of(config)


def test_a_header_says_how_the_network_was_made() -> None:
    config, state = ml_collections.ConfigDict({"seed": 3}), State(jnp.zeros(2), jnp.array(7))
    assert trainer.header_of(config, state, 8.6, "seed 4", "5 of album") == {
        "licence": "Apache-2.0, trained on renderings of CC0 data",
        "made_by": "tools/train_zoo.py",
        "people": f"jaxunlearn.zoo.synthetic, mapping version {MAPPING_VERSION}, seed 4, 5 of album",
        "seed": "3",
        "training_steps": "7",
        "training_seconds": "9",
    }
