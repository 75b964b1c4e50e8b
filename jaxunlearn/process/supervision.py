"""Supervise one of several processes: an outer process starts it and prints in one line why it ended.

When one process ends, JAX makes the others crash, with pages of messages from C++. So the command starts
itself once more as an inner process, and reads what that process writes to stderr outside Python.
"""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from typing import IO

from jaxunlearn.process import signals
from jaxunlearn.terminal import complain

_INSIDE = "JAXUNLEARN_STDERR"
"""Environment variable: number of the file to which the inner process writes its messages."""

_CODE = "import sys; from jaxunlearn.process.entry import main; sys.exit(main())"
_COMMAND = (sys.executable, "-P", "-c", _CODE)
"""The command itself; -P prevents the import of a module in the current folder."""

_OPTIONS = ("--distributed", "--coordinator")
"""Options of several processes."""

_MESSAGES = re.compile(
    r"[EWF]\d{4} \d\d:\d\d:\d\d.* (client\.h|coordination_\w+\.cc|preemption_\w+\.cc|distributed_\w+\.cc):"
)
"""Lines of JAX's C++ about other processes; the lines after them belong to them."""

_FATAL = "JAX distributed service detected fatal errors"
_UNHEALTHY = re.compile(r"tasks are unhealthy[^\n]*\n((?:\D*\b\d+\b[, ]*\n?)+?)The tasks have crashed")


def wanted(arguments: Sequence[str]) -> bool:
    """Return True if the command must be supervised; in the inner process, redirect its messages."""
    number = os.environ.pop(_INSIDE, None)
    if number is not None:
        sys.stderr = os.fdopen(int(number), "w", buffering=1, encoding="utf-8", errors="backslashreplace")
        threading.Thread(target=_end_with, args=[os.getppid()], name="supervisor", daemon=True).start()
        return False
    several = any(_means_several(argument.partition("=")[0]) for argument in arguments)
    return several and sys.platform != "win32"  # Windows cannot pass a file by its number


def _means_several(name: str) -> bool:
    """Return True for one of `_OPTIONS`, or an abbreviation of it that argparse accepts."""
    return len(name) > len("--") and any(option.startswith(name) for option in _OPTIONS)


def supervise(arguments: Sequence[str], command: Sequence[str] = _COMMAND) -> int:
    """Run the command in another process and return its exit code."""
    sys.stderr.flush()
    terminal = os.dup(2)
    inner = subprocess.Popen(
        [*command, *arguments],
        env=os.environ | {_INSIDE: str(terminal)},
        pass_fds=[terminal],
        stderr=subprocess.PIPE,
        process_group=0,  # Ctrl-C reaches only the outer process, which passes it on
    )
    os.close(terminal)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: inner.send_signal(number))
    signal.set_wakeup_fd(-1)  # the inner process handles signals
    assert inner.stderr is not None
    kept = _filtered(inner.stderr)
    inner.wait()
    if inner.returncode == -signal.SIGABRT and _FATAL in kept:
        complain(_why(kept))
        return 2
    if inner.returncode != 0:
        sys.stderr.write(kept)
    if inner.returncode < 0:
        complain(f"killed by signal {-inner.returncode}")
        return signals.INTERRUPTED - inner.returncode
    return inner.returncode


def _end_with(parent: int) -> None:
    """End the inner process after the outer one was killed."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(signals.INTERRUPTED + signal.SIGKILL)


def _filtered(stream: IO[bytes]) -> str:
    """Print lines until JAX writes about other processes; return the rest."""
    kept: list[str] = []
    for raw in stream:
        line = raw.decode("utf-8", "backslashreplace")
        if kept or _MESSAGES.match(line):
            kept = [*kept[-500:], line]
        else:
            sys.stderr.write(line)
            sys.stderr.flush()
    return "".join(kept)


def _why(messages: str) -> str:
    """Return one line in place of the pages that JAX's C++ wrote."""
    match = _UNHEALTHY.search(messages)
    if match is not None:
        numbers = re.findall(r"\d+", match[1])
        who = f"process {numbers[0]}" if len(numbers) == 1 else f"processes {', '.join(numbers)}"
        return f"{who} ended without a message; start all processes again to resume the run"
    if "RegisterTask" in messages:
        return "the other processes did not start in time; start as many as --processes says"
    return "process 0 ended without a message; start all processes again to resume the run"
