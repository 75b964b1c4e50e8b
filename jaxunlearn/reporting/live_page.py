"""The page of a run that is going on."""

import time
from pathlib import Path
from types import TracebackType
from typing import Self

from jaxunlearn.errors import InputError
from jaxunlearn.process import multihost
from jaxunlearn.reporting.page.frame import REFRESH_SECONDS
from jaxunlearn.reporting.page.picture import FileEncoder
from jaxunlearn.reporting.page.run_page import write_run_page
from jaxunlearn.training.storage.run_dir import RunFolder
from jaxunlearn.training.trainer import Callback, Moment


class LivePage(Callback):
    """Writes the run's page after logged steps, at most as often as the page reloads itself.

    After the last step the page says that pictures follow. Whoever makes these, and perhaps measures the run,
    does so in a `with` block, and writes the last page there: if something ends the block before, the page
    no longer says that the run goes on.

    Args:
      every: steps between two lines of the log.
      folder: of the run.
    """

    def __init__(self, every: int, folder: RunFolder):
        self.every, self._folder = every, folder
        self._next, self._going = 0.0, False
        self._encoder = FileEncoder()

    def after_step(self, moment: Moment) -> None:
        """See `Callback.after_step`."""
        if moment.due(self.every) and time.monotonic() >= self._next:
            self._write(going=True)
            self._next = time.monotonic() + REFRESH_SECONDS

    def at_end(self) -> None:
        """Write a page that still reloads itself; that of the finished run replaces it."""
        self._write(going=True)

    def at_error(self, error: BaseException) -> None:
        """Write a page that stays as it is, and says an error that is meant for people."""
        self._write(going=False, error=str(error) if isinstance(error, InputError) else "")

    def _write(self, *, going: bool, error: str = "") -> None:
        if self._folder.writes:
            write_run_page(self._folder, going=going, encoder=self._encoder, error=error)
            self._going = going

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and self._going:
            self.at_error(error)


def live_page(every: int, folder: str | Path) -> LivePage:
    """Return the callback.

    Args:
      every: `config.log_every`.
      folder: the run folder.
    """
    return LivePage(every, RunFolder(Path(folder), writes=multihost.leads()))
