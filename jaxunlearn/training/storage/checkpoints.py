"""Save and restore states of a run with Orbax: in the background, and complete or not at all."""

import contextlib
import errno
import functools
import logging
import math
import os
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import jax
import orbax.checkpoint as ocp
from orbax.checkpoint.checkpoint_managers import AnyPreservationPolicy, BestN, LatestN

from jaxunlearn.errors import InputError, first_line, shortened
from jaxunlearn.process import multihost

Pytree = Any
State = TypeVar("State")

_DISK = tuple(
    os.strerror(number)
    for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS, errno.EACCES)
)
"""Messages of the system when a disk fails."""


def _is_not_orbax(record: logging.LogRecord) -> bool:
    """Return False for log records of Orbax, and of asyncio about tasks that Orbax left behind."""
    places = [record.pathname]
    if record.exc_info and record.exc_info[2] is not None:
        places += [frame.f_code.co_filename for frame, _ in traceback.walk_tb(record.exc_info[2])]
    return not any(f"{os.sep}orbax{os.sep}" in place for place in places)


for _name in ("absl", "asyncio"):  # they show the traceback of each error, which Orbax also raises
    logging.getLogger(_name).addFilter(_is_not_orbax)


class Checkpoints:
    """The newest states of a run, and that of least loss; a context that waits for the disk at its end."""

    def __init__(self, folder: Path, *, keep: int):
        self._folder = folder
        best = BestN(get_metric_fn=_loss, reverse=True, n=1, keep_checkpoints_without_metrics=False)
        options = ocp.CheckpointManagerOptions(
            create=True,
            cleanup_tmp_directories=True,
            best_fn=_loss,  # without it, Orbax keeps no metrics
            preservation_policy=AnyPreservationPolicy([LatestN(n=keep), best]),
            async_options=ocp.AsyncOptions(barrier_sync_fn=_wait_for_others),
        )
        with _reading(folder, "the newest folder in it"), self._errors():
            self._manager = ocp.CheckpointManager(folder.absolute(), options=options)

    def __enter__(self) -> "Checkpoints":
        self._hook = sys.unraisablehook
        sys.unraisablehook = functools.partial(_show_if_not_late, self._hook)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with self._errors():
            self._manager.close()
        if kind is None:  # after an error, other parts of the checkpoint end later
            sys.unraisablehook = self._hook

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        """Name the folder in errors of the disk, which libraries raise as errors of many kinds."""
        try:
            yield
        except Exception as error:
            reason = next((reason for reason in _reasons(error) if reason in _DISK), None)
            if reason is None:
                raise
            raise InputError(
                f"{self._folder}: a checkpoint cannot be written ({reason}); make room, and the same command "
                "resumes the run"
            ) from error

    @property
    def latest(self) -> int | None:
        """Step of the newest checkpoint; None if there is none."""
        return self._manager.latest_step()

    def save(self, step: int, state: Pytree, loss: float) -> None:
        """Save `state`, any pytree of arrays, unless this step is saved already."""
        if step != self.latest:
            metrics = {"loss": loss} if math.isfinite(loss) else None  # None is never the best
            with self._errors():
                self._manager.save(step, args=ocp.args.StandardSave(_by_name(state)), metrics=metrics)

    def wait(self) -> None:
        """Wait until everything is on disk."""
        with self._errors():
            self._manager.wait_until_finished()

    def restore(self, like: State) -> State:
        """Return the newest state; `like` gives structure, shapes, dtypes and devices.

        Raises:
          InputError: if it cannot be read, or belongs to a generator of other sizes.
        """
        wanted = _by_name(like)
        step = self.latest
        with _reading(self._folder / str(step), "that folder"):
            restored = self._manager.restore(step, args=ocp.args.StandardRestore(wanted))
        return jax.tree.unflatten(jax.tree.structure(like), [restored[name] for name in wanted])


def _wait_for_others(*, key: str, timeout_ms: int) -> None:
    """Wait for the other processes where Orbax does, which would wait 20 minutes for one that has failed.

    Args:
      key: name of the place in Orbax; a process waits at one place after another.
      timeout_ms: not used; processes wait as long as elsewhere.
    """
    multihost.meet("a checkpoint", key)


@contextlib.contextmanager
def _reading(place: Path, damaged: str) -> Iterator[None]:
    """Say what to do about errors of Orbax in reading; too little memory is no damage, and stays itself.

    Args:
      place: what is read.
      damaged: what to remove, in words.

    Raises:
      InputError: with the place.
    """
    try:
        yield
    except (InputError, MemoryError, jax.errors.JaxRuntimeError):
        raise
    except Exception as error:  # of damaged files Orbax raises errors of any kind, also plain `Exception`
        warnings.filterwarnings("ignore", "coroutine '.*' was never awaited", RuntimeWarning)  # it left them
        raise InputError(
            f"{place}: is damaged, or of another run ({shortened(first_line(error), 200)}); "
            f"remove {damaged} to start from the one before"
        ) from error


def _show_if_not_late(show: Callable[[Any], object], unraisable: Any) -> None:
    """Show an exception, unless it only says that a part of a checkpoint ended after another had failed."""
    error = unraisable.exc_value
    closed = isinstance(error, RuntimeError) and str(error) == "Event loop is closed"
    unawaited = isinstance(getattr(error, "__cause__", None), GeneratorExit)  # a reader that nobody waits for
    if not (closed or unawaited):
        show(unraisable)


def _reasons(error: BaseException) -> Iterator[str]:
    """Yield the messages of system errors behind an error; libraries keep only the text."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            yield cause.strerror
        yield from (reason for reason in _DISK if reason in str(cause))
        cause = cause.__cause__ or cause.__context__


def _loss(metrics: Mapping[str, float]) -> float:
    return metrics["loss"]


def _by_name(state: Pytree) -> dict[str, jax.Array]:
    """Return arrays by the names of their places: without our classes, files stay readable."""
    return {
        jax.tree_util.keystr(path, simple=True, separator="."): leaf
        for path, leaf in jax.tree_util.tree_leaves_with_path(state)
    }
