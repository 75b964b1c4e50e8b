"""Wait for what a run does, without keeping a core busy or waiting for ever."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator

PAUSE = 0.01


def wait_until(happened: Callable[[], object], *running: subprocess.Popen[str], seconds: float = 400) -> None:
    """Wait for something that processes do; all of them must stay alive meanwhile."""
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, f"it did not happen in {seconds} seconds"
        for process in running:
            assert process.poll() is None, process.communicate()[1]
        time.sleep(PAUSE)


@contextlib.contextmanager
def interrupted_when(happened: Callable[[], object]) -> Iterator[None]:
    """Send Ctrl-C to this process once something happens inside the block, whose end ends the watch."""
    over = threading.Event()

    def interrupt() -> None:
        while not over.wait(PAUSE):
            if happened():
                os.kill(os.getpid(), signal.SIGINT)
                return

    thread = threading.Thread(target=interrupt, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
