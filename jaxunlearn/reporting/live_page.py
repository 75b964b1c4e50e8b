"""The page of a run that is going on."""

import time
from pathlib import Path

from jaxunlearn.errors import InputError
from jaxunlearn.process import multihost
from jaxunlearn.reporting.page.frame import REFRESH_SECONDS
from jaxunlearn.reporting.page.picture import FileEncoder
from jaxunlearn.reporting.page.run_page import write_report
from jaxunlearn.training.storage.run_dir import RunFolder
from jaxunlearn.training.trainer import Callback, Moment


class LivePage(Callback):
    """Writes the run's page after logged steps, at most as often as the page loads itself anew.

    Args:
      every: steps between two lines of the log.
      folder: of the run.
    """

    def __init__(self, every: int, folder: RunFolder):
        self.every, self._folder = every, folder
        self._next = 0.0
        self._encoder = FileEncoder()

    def after_step(self, moment: Moment) -> None:
        """See `Callback.after_step`."""
        if self._folder.writes and moment.due(self.every) and time.monotonic() >= self._next:
            write_report(self._folder, going=True, encoder=self._encoder)
            self._next = time.monotonic() + REFRESH_SECONDS

    def at_end(self) -> None:
        """Write a page that stays as it is; a finished run replaces it."""
        if self._folder.writes:
            write_report(self._folder, encoder=self._encoder)

    def at_error(self, error: BaseException) -> None:
        """Write a page that stays as it is, and says an error that is meant for people."""
        if self._folder.writes:
            said = str(error) if isinstance(error, InputError) else ""
            write_report(self._folder, encoder=self._encoder, error=said)


def live_page(every: int, folder: str | Path) -> list[Callback]:
    """Return the callback as a list.

    Args:
      every: `config.log_every`.
      folder: the run folder.
    """
    return [LivePage(every, RunFolder(Path(folder), writes=multihost.leads()))]
