"""Ctrl-C and SIGTERM: a loop checks for them and stops between steps; everything else stops at once.

Libraries swallow exceptions in callbacks, and a compiler may not return to Python for minutes. So a thread
watches, too. It ends a command that has not ended by itself after a few seconds. Nothing is lost: files are
written under another name and then renamed.
"""

import _thread
import contextlib
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import Any

PATIENCE = 3.0
"""Seconds in which a command must end by itself."""

INTERRUPTED = 128
"""The exit code is this plus the signal's number, as in shells: 130 for Ctrl-C, 143 for SIGTERM."""

SAME_REQUEST = 1.0
"""Seconds in which the same signal again belongs to the same request: systemd, for one, sends it to a process
and to its parent, which passes it on."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class _Requests:
    """Count of the requests to stop; several equal signals at once are one."""

    def __init__(self) -> None:
        self.count = 0
        self._last: int | None = None
        self._came = 0.0

    def add(self, number: int) -> bool:
        """Count a signal; return False if it belongs to the last request."""
        now = time.monotonic()
        if number == self._last and now - self._came < SAME_REQUEST:
            return False
        self.count, self._last, self._came = self.count + 1, number, now
        return True

    def expect_another(self) -> None:
        """Take the next signal for another request, even at once."""
        self._last = None


class _Received:
    """The signals so far, and what was done about them."""

    def __init__(self) -> None:
        self.number: int | None = None
        self.event = threading.Event()
        self.requests = _Requests()
        """The requests that the main thread has handled."""
        self.asking = 0
        """Number of loops that check the event."""
        self.raised = False
        """True after an exception was raised in the main thread."""
        self.watched = False
        """True while a command is running; see `watch`."""
        self.line = "interrupted"
        """The line that an interrupted command prints."""
        self.said = False
        self.importing = False
        """True while the modules of a command are imported, see `importing`."""


_received = _Received()


def exit_code() -> int:
    """Return the exit code of an interrupted command; Ctrl-C in another process counts as Ctrl-C."""
    return INTERRUPTED + (_received.number or signal.SIGINT)


def last_word() -> int:
    """Print why the command ends, and return its exit code; further signals are ignored."""
    ignored = False
    while not ignored:
        try:
            for number in _SIGNALS:
                signal.signal(number, signal.SIG_IGN)
            ignored = True
        except KeyboardInterrupt:  # an earlier signal, raised only now
            continue
    complain_once()
    return exit_code()


def came() -> bool:
    """Return True if this command received a signal."""
    return _received.number is not None


def say_at_the_end(line: str) -> None:
    """Set the line that an interrupted command prints, such as how to resume it."""
    _received.line = line


def complain_once(line: str | None = None) -> None:
    """Print that the command was interrupted: `line`, or the line that was set; only once."""
    if not _received.said:
        _received.said = True
        from jaxunlearn.terminal import complain

        complain(line or _received.line)


@contextlib.contextmanager
def interruptions() -> Iterator[threading.Event]:
    """Provide an event that Ctrl-C and SIGTERM set, for a loop to check; a second request stops at once."""
    if threading.current_thread() is not threading.main_thread():
        yield threading.Event()  # only the main thread can handle signals
        return
    global _received
    with contextlib.ExitStack() as stack:
        if not _received.watched:
            _received = _Received()
            for number in _SIGNALS:
                stack.callback(signal.signal, number, signal.signal(number, _note))
        _received.asking += 1
        try:
            yield _received.event
        finally:
            _received.asking -= 1


def watch() -> None:
    """Handle both signals from now on; called at the entry of a command, before other imports."""
    _received.watched = True
    take_signals()
    sys.unraisablehook = _without_interruptions
    sender, receiver = socket.socketpair()
    sender.setblocking(False)
    signal.set_wakeup_fd(sender.fileno(), warn_on_full_buffer=False)
    arguments = (sender, receiver)
    threading.Thread(target=_wait_for_the_end, args=arguments, name="signals", daemon=True).start()


def take_signals() -> None:
    """Install the handlers; call it again after a library has installed its own."""
    if _received.watched:
        for number in _SIGNALS:
            signal.signal(number, _note)


@contextlib.contextmanager
def importing() -> Iterator[None]:
    """End the command at once if a signal comes while modules are imported; there is nothing to save yet.

    Native code of these modules would print an exception, or raise another one in its place.
    """
    import jaxunlearn.terminal  # noqa: F401  # the handler needs it, and must not import anything

    before, _received.importing = _received.importing, True
    try:
        yield
    finally:
        _received.importing = before


def _note(number: int, frame: FrameType | None) -> None:
    """Handle a signal, in the main thread."""
    if not _received.requests.add(number):
        return
    first = _received.requests.count == 1
    if _received.number is None:
        _received.number = number
    if _received.watched and _received.importing:
        complain_once()
        sys.stderr.flush()
        os._exit(exit_code())
    _received.event.set()
    if (first and _received.asking) or (_received.watched and _is_swallowed_in(frame)):
        return
    _received.raised = True
    raise KeyboardInterrupt


def _is_swallowed_in(frame: FrameType | None) -> bool:
    """Return True if a callback of JAX or a destructor would swallow an exception raised here."""
    while frame is not None:
        code = frame.f_code
        if code.co_name == "__del__" or code.co_filename.endswith(os.path.join("jax", "_src", "callback.py")):
            return True
        frame = frame.f_back
    return False


def _wait_for_the_end(_: socket.socket, receiver: socket.socket) -> None:
    """End the process if it does not end by itself after a signal that no loop checks for."""
    requests = _Requests()  # the main thread may handle a signal much later
    while True:
        numbers = [number for number in receiver.recv(64) if number in _SIGNALS and requests.add(number)]
        if not numbers or (requests.count == 1 and _received.asking):
            continue
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            time.sleep(0.1)
            if not _received.raised:  # the signal came inside a callback: try again
                _received.requests.expect_another()
                _thread.interrupt_main(numbers[0])
        if _received.number is None:  # the main thread has not returned to Python since
            _received.number = numbers[0]
        complain_once()
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
        os._exit(exit_code())


def _without_interruptions(unraisable: Any) -> None:
    """Print an error that Python could not raise, except an interruption, which the thread handles."""
    if not isinstance(unraisable.exc_value, KeyboardInterrupt):
        sys.__unraisablehook__(unraisable)
