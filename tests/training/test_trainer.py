"""The loop by itself: order of callbacks, what is fetched, how a run stops."""

import time

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tqdm import tqdm

from jaxunlearn.errors import Interrupted
from jaxunlearn.methods.registry import preset
from jaxunlearn.training.callbacks import Diverged, Divergence, Log
from jaxunlearn.training.step import State
from jaxunlearn.training.storage.metrics_log import diverged_until
from jaxunlearn.training.storage.run_dir import RunFolder
from jaxunlearn.training.trainer import Callback, Moment, Trainer
from jaxunlearn.training.unlearn import unlearn
from tests.support.tiny_models import numbers, tiny_models, tiny_people


class Recorder(Callback):
    def __init__(self, name: str, told: list, stop_at: int = 0):
        self._name, self._told, self._stop_at = name, told, stop_at

    def after_step(self, moment: Moment) -> None:
        self._told.append((self._name, moment.step, type(moment.measured["loss"]).__name__))
        moment.stop |= moment.step == self._stop_at

    def at_end(self) -> None:
        self._told.append((self._name, "end"))


def trainer(*callbacks: Callback, every: int = 2) -> Trainer:
    """Counts in the place of the state; the loss is the step."""

    def advance(state):
        return state._replace(step=state.step + 1), {"loss": jnp.full(2, state.step + 1.0)}

    def fetch(measured):
        return {name: np.asarray(values) for name, values in measured.items()}

    return Trainer(advance, fetch, every, lambda state, copy: (int(state.step), copy), callbacks)  # type: ignore[arg-type]


START = State(None, None, jnp.zeros((), jnp.int32))  # type: ignore[arg-type]


def test_callbacks_are_told_in_order_and_measurements_fetched_when_due():
    told = []
    state = trainer(Recorder("a", told), Recorder("b", told)).run(START, 0, 3)
    assert int(state.step) == 3
    device, host = "ArrayImpl", "ndarray"
    kinds = {1: device, 2: host, 3: host}  # every second step, and the last
    assert told == [(name, step, kinds[step]) for step in (1, 2, 3) for name in "ab"] + [
        ("a", "end"),
        ("b", "end"),
    ]


def test_a_callback_stops_the_run_and_those_after_it_see_the_step():
    told = []
    state = trainer(Recorder("a", told, stop_at=2), Recorder("b", told)).run(START, 0, 9)
    assert int(state.step) == 2
    assert told[-3:] == [("b", 2, "ndarray"), ("a", "end"), ("b", "end")]


def test_callbacks_are_told_of_an_error_and_it_is_raised_again():
    told = []

    class Notes(Recorder):
        def at_error(self, error: BaseException) -> None:
            told.append(str(error))

    class Fails(Callback):
        def after_step(self, moment: Moment) -> None:
            raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        trainer(Notes("a", told), Fails(), Recorder("b", told)).run(START, 0, 9)
    assert told == [("a", 1, "ArrayImpl"), "no space left"]


@pytest.mark.parametrize("every", [0, 1, 2])
def test_a_callback_is_told_of_every_step_and_asks_itself_which_are_due(every):
    told = []
    recorder = Recorder("a", told)
    recorder.every = every
    trainer(recorder).run(START, 0, 5)
    assert [step for _, step, *_ in told[:-1]] == [1, 2, 3, 4, 5]


def test_a_moment_has_the_generator_of_its_step():
    made = []

    class Keep(Callback):
        def after_step(self, moment: Moment) -> None:
            made.append(moment.generator(1))

    trainer(Keep()).run(START, 0, 2)
    assert made == [(1, 1), (2, 1)]


class Late:
    """An array of a device that takes 10 ms for each, one after another, while Python goes on."""

    def __init__(self, before: "Late | None", waited_for: set):
        self.waited_for = waited_for
        self.ready = max(time.monotonic(), before.ready if before else 0) + 0.01

    def block_until_ready(self) -> "Late":
        time.sleep(max(self.ready - time.monotonic(), 0))
        self.waited_for.add(self)
        return self


class Looks(Callback):
    """Waits for the state of each step that it looks at, and notes the time so far."""

    def __init__(self, every: int):
        self.every, self.seconds = every, 0.0

    def after_step(self, moment: Moment) -> None:
        if moment.due(self.every):
            moment.state.trainable.block_until_ready()
        self.seconds = moment.seconds


@pytest.mark.parametrize(("every", "looked_at"), [(0, 1), (1, 20), (7, 3)])
def test_time_that_a_callback_waits_for_devices_is_time_of_the_steps(every, looked_at):
    """Where none is due, Python goes on without waiting, until it fetches the last step."""
    waited_for = set()

    def advance(state):
        late = Late(state.trainable, waited_for)
        return state._replace(trainable=late), {"loss": late}

    looks = Looks(every)
    Trainer(advance, jax.block_until_ready, 20, lambda *_: None, (looks,)).run(START, 0, 20)  # type: ignore[arg-type]
    assert looks.seconds > 0.195
    assert len(waited_for) == looked_at


@pytest.mark.parametrize(("every", "due"), [(0, []), (2, [2, 4, 5]), (7, [5])])
def test_when_something_is_due(every, due):
    moments = [Moment(step, 5, START, {}, 0.0, lambda k: None) for step in range(1, 6)]  # type: ignore[arg-type]
    assert [moment.step for moment in moments if moment.due(every)] == due


def test_a_run_ends_when_no_copy_is_finite():
    watch, norms = Divergence(1, 2, {0}), np.ones(2)
    measured = {"loss": np.array([np.nan, 1.0]), "gradient_norm": norms}
    moment = Moment(5, 9, START, measured, 0.0, lambda k: None)  # type: ignore[arg-type]
    watch.after_step(moment)
    assert watch.copies == {0}
    assert watch.mean(np.array([np.nan, 3.0])) == 3.0
    moment.measured = {"loss": np.array([1.0, np.inf]), "gradient_norm": norms}
    with pytest.raises(Diverged, match=r"step 5: .*learning_rate, and give another folder"):
        watch.after_step(moment)


def test_a_copy_whose_gradient_explodes_has_diverged(tmp_path):
    """Its loss is from before that update. Numbers that are not finite are null in the log."""
    folder, watch = RunFolder(tmp_path), Divergence(1, 2, set())
    measured = {
        "loss": np.array([1.0, 2.0]),
        "gradient_norm": np.array([3.0, np.inf]),
        "identity": np.array([[np.inf, 0.5], [0.5, 0.5]]),
    }
    moment = Moment(5, 9, START, measured, 0.0, lambda k: None)  # type: ignore[arg-type]
    with tqdm(disable=True) as bar:
        for callback in (watch, Log(1, watch, folder, bar)):
            callback.after_step(moment)
    assert watch.copies == {1}
    assert "Infinity" not in folder.metrics_file.read_text()
    (line,) = folder.metrics()
    assert (line["loss"], line["gradient_norm"], line["identity"]) == (1.0, 3.0, [None, 0.5])
    assert diverged_until(folder.metrics_file, 5) == set(line["diverged"]) == {1}


@pytest.mark.long
def test_a_callback_of_the_caller_sees_generators_and_may_stop(tmp_path):
    seen = []

    class Watch(Callback):
        def after_step(self, moment: Moment) -> None:
            seen.append((moment.step, moment.generator(0).config.w_dim))
            moment.stop |= moment.step == 1

    models, settings = tiny_models(), preset("guide/heads")
    settings.update(steps=2, log_every=1, images_every=0)
    settings.optimiser.schedule = "constant"
    with pytest.raises(Interrupted, match=r"step 1 is saved in .*run\. The same command resumes it"):
        unlearn(
            models, tiny_people(1), settings, workdir=tmp_path / "run", callbacks=[Watch()], progress=False
        )
    resumed = unlearn(models, tiny_people(1), settings, workdir=tmp_path / "run", progress=False)
    assert resumed.summary["steps"] == 2
    assert seen == [(1, models.generator.config.w_dim)]


@pytest.mark.long
def test_a_run_without_a_folder_that_a_callback_stops_returns_the_result_of_that_step():
    class Stop(Callback):
        every = 0

        def after_step(self, moment: Moment) -> None:
            moment.stop |= moment.step == 2

    settings = preset("guide/heads")
    settings.update(steps=5, log_every=4, images_every=0)
    settings.optimiser.schedule = "constant"
    stopped = unlearn(tiny_models(), tiny_people(1), settings, callbacks=[Stop()], progress=False)
    settings.steps = 2
    straight = unlearn(tiny_models(), tiny_people(1), settings, progress=False)
    chex.assert_trees_all_equal(numbers(stopped.generator), numbers(straight.generator))
    assert stopped.summary["steps"] == 2
    assert stopped.summary["losses"] == straight.summary["losses"]
