"""Of several processes, each is started by another one that says in one line why it ended.

JAX ends a process by a crash when another one ends, with pages of C++. So the command starts itself once
more, and reads what that one writes past Python.
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
"""Environment variable: number of the file that the inner process shows its messages on."""

_CODE = "import sys; from jaxunlearn.process.entry import main; sys.exit(main())"
_COMMAND = (sys.executable, "-P", "-c", _CODE)
"""The command itself; never a module that lies in the current folder."""

_OPTIONS = ("--dist", "--coord")
"""How the options of several processes begin; argparse takes them shortened."""

_MESSAGES = re.compile(
    r"[EWF]\d{4} \d\d:\d\d:\d\d.* (client\.h|coordination_\w+\.cc|preemption_\w+\.cc|distributed_\w+\.cc):"
)
"""Lines of JAX's C++ on other processes; what follows belongs to them."""

_FATAL = "JAX distributed service detected fatal errors"
_UNHEALTHY = re.compile(r"tasks are unhealthy[^\n]*\n((?:\D*\b\d+\b[, ]*\n?)+?)The tasks have crashed")


def wanted(arguments: Sequence[str]) -> bool:
    """Whether a command is one of several processes; inside the inner one, its messages are put in order."""
    shown = os.environ.pop(_INSIDE, None)
    if shown is not None:
        sys.stderr = os.fdopen(int(shown), "w", buffering=1, encoding="utf-8", errors="backslashreplace")
        threading.Thread(target=_end_with, args=[os.getppid()], name="supervisor", daemon=True).start()
        return False
    several = any(argument.startswith(_OPTIONS) for argument in arguments)
    return several and sys.platform != "win32"  # where a process cannot be given a file by number


def supervise(arguments: Sequence[str], command: Sequence[str] = _COMMAND) -> int:
    """Run the command in another process; returns its exit code."""
    sys.stderr.flush()
    shown = os.dup(2)
    inner = subprocess.Popen(
        [*command, *arguments],
        env=os.environ | {_INSIDE: str(shown)},
        pass_fds=[shown],
        stderr=subprocess.PIPE,
        process_group=0,  # the terminal's Ctrl-C comes to this process, which passes it on
    )
    os.close(shown)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: inner.send_signal(number))
    signal.set_wakeup_fd(-1)  # the inner process answers
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
    """End the inner process when the outer one was killed."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(signals.INTERRUPTED + signal.SIGKILL)


def _filtered(stream: IO[bytes]) -> str:
    """Pass lines on until JAX speaks of other processes; returns the rest."""
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
    """One line for the pages that JAX's C++ wrote."""
    found = _UNHEALTHY.search(messages)
    if found is not None:
        numbers = re.findall(r"\d+", found[1])
        who = f"process {numbers[0]}" if len(numbers) == 1 else f"processes {', '.join(numbers)}"
        return f"{who} ended without a word; start all processes again, and the run is resumed"
    if "RegisterTask" in messages:
        return "the other processes did not come in time; start as many as --processes says"
    return "process 0 ended without a word; start all processes again, and the run is resumed"
