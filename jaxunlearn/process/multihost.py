"""Several processes, one on each host, as one run: all call the same functions in the same order.

Process 0 leads: it alone writes logs, pictures and results. All processes write checkpoints. In a single
process, the functions here do nothing.
"""

import collections
import hashlib
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import jax
import numpy as np
from jax._src import distributed as internal
from jax.experimental import multihost_utils

from jaxunlearn.errors import InputError
from jaxunlearn.process.signals import take_signals
from jaxunlearn.terminal import complain

Result = TypeVar("Result")

WAIT = 300
"""Seconds in which all processes must start."""

HEARTBEAT = 20
"""Seconds without a sign of life after which a process counts as dead."""

LONGEST = 3600
"""Longest time in seconds that processes wait for each other: one of them may be drawing pictures."""

_SAID_AFTER = 3.0
_PATIENCE = 5.0
_ENDED, _HEARD = "jaxunlearn/ended/", "jaxunlearn/heard/"
_leaving = threading.Event()
"""Set when this process ends by itself, so that it does not react to the end of others."""


def start(
    coordinator: str | None = None,
    processes: int | None = None,
    process: int | None = None,
    *,
    wait: int = WAIT,
) -> None:
    """Find the other processes; before JAX is used for anything else.

    Args:
      coordinator: host:port of process 0. None finds it and both numbers in the environment, on TPU pods,
        under SLURM, Open MPI or Kubernetes.
      processes: number of processes.
      process: number of this process, from 0.
      wait: seconds in which all processes must start.

    Raises:
      InputError: if the others are not found.
    """
    given = (coordinator, processes, process)
    if any(value is None for value in given) and any(value is not None for value in given):
        raise InputError(
            "give the coordinator, the number of processes and the number of this process, or none of them"
        )
    if coordinator is not None and processes is not None and process is not None:
        check_address(coordinator)
        if not 0 <= process < processes:
            raise InputError(f"process {process} of {processes}: they are counted from 0")
        if process > 0:
            _await(coordinator, wait)
    where = "" if coordinator is None else f" at {coordinator}"
    note = f"waiting for the other processes{where}, at most {wait} seconds"
    timer = threading.Timer(_SAID_AFTER, complain, [note])
    timer.daemon = True
    timer.start()
    try:
        jax.distributed.initialize(
            coordinator,
            processes,
            process,
            initialization_timeout=wait,
            heartbeat_timeout_seconds=HEARTBEAT,
            shutdown_timeout_seconds=LONGEST,
        )
    except (ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        if coordinator is None and "coordinator_address" in reason:
            reason = "no cluster was found here; give --coordinator HOST:PORT --processes N --process K"
        raise InputError(f"cannot join the other processes: {reason}") from error
    finally:
        timer.cancel()
    take_signals()  # JAX installs its own handler for SIGTERM
    threading.Thread(target=_listen, name="other processes", daemon=True).start()


def check_address(coordinator: str) -> tuple[str, int]:
    """Return host and port of an address.

    Raises:
      InputError: if it is not host:port.
    """
    host, _, port = coordinator.rpartition(":")
    if not host or not port.isascii() or not port.isdecimal() or not 0 < int(port) < 65536:
        raise InputError(f"coordinator {coordinator}: write it as HOST:PORT, such as 10.0.0.1:1234")
    return host.strip("[]"), int(port)


def _await(coordinator: str, wait: int) -> None:
    """Wait until process 0 answers: JAX would wait without a message, and then crash.

    Raises:
      InputError: if it does not answer within `wait` seconds.
    """
    began, noted = time.monotonic(), False
    while True:
        left = wait - (time.monotonic() - began)
        try:
            socket.create_connection(check_address(coordinator), timeout=max(0.1, min(left, 5.0))).close()
        except OSError as error:
            reason = error.strerror or str(error)
        else:
            return
        if left <= 0:
            raise InputError(
                f"coordinator {coordinator}: does not answer ({reason}); give the address of process 0, and "
                "start process 0 as well"
            )
        if not noted and time.monotonic() - began > _SAID_AFTER:
            complain(f"waiting for process 0 at {coordinator} ({reason}), at most {wait} seconds")
            noted = True
        time.sleep(0.5)


def leads() -> bool:
    """Return True if this is process 0, which writes the results."""
    return jax.process_index() == 0


def wait(name: str) -> None:
    """Wait until every process has called this with the same name.

    Raises:
      InputError: if a process does not.
    """
    _exchanged(name, "")


def meet(name: str, place: str) -> None:
    """Wait until every process has called this with the same `place`.

    Args:
      name: what they do together.
      place: how far they are, such as the number of the step. A process that failed before comes with a later
        one.

    Raises:
      RuntimeError: in all processes, if their places differ.
      InputError: if a process does not come.
    """
    places = _exchanged(name, place)
    if len(set(places)) > 1:
        raise RuntimeError(f"{name}: a process has failed; the processes are at {', '.join(places)}")


def leader_first(action: Callable[[], object], name: str) -> None:
    """Run an action in process 0, then in the others, which find what it did; all continue together.

    Raises:
      InputError: in all processes, if the action raises it in any process.
    """
    if jax.process_count() == 1:
        action()
        return
    for turn in (leads(), not leads()):
        all_do(action if turn else lambda: None, name)


def all_do(action: Callable[[], Result], name: str) -> Result:
    """Run an action and return its result, when every process has called this.

    A failure of another kind ends the process that has it, which first tells the others: see `tell_others`.

    Raises:
      InputError: in all processes, if the action raises it in any process; elsewhere the message names it.
    """
    try:
        result = action()
    except InputError as error:
        _exchanged(name, str(error))
        raise
    for process, line in enumerate(_exchanged(name, "")):
        if line:
            raise InputError(f"process {process}: {line}")
    return result


def check_same(asked: Mapping[str, object], what: str) -> None:
    """Compare the requests of all processes, before anything long.

    Args:
      asked: names of the parts of the request → values with a complete `repr`.
      what: name of the request in the message.

    Raises:
      InputError: in all processes, if a process differs from process 0; the message names process and part.
    """
    if jax.process_count() == 1:
        return
    prints = {name: _short(value) for name, value in asked.items()}
    everybody = [json.loads(text) for text in _exchanged(what, json.dumps(prints))]
    for process, other in enumerate(everybody):
        for name in other.keys() | everybody[0].keys():
            first, another = everybody[0].get(name), other.get(name)
            if first != another:
                raise InputError(
                    f"{what}: process {process} differs from process 0 in {name} ({another}, not {first}); "
                    "start all processes with the same command"
                )


def _short(value: object) -> str:
    """Return a value's text, or its hash if the text is long."""
    if isinstance(value, dict):
        value = sorted(value.items())
    text = repr(value)
    return text if len(text) <= 40 else "SHA-256 " + hashlib.sha256(text.encode()).hexdigest()[:12]


def joined() -> bool:
    """Return True if this is one of several processes."""
    return _client() is not None


def tell_others(line: str, code: int) -> None:
    """Tell the other processes that this one ends, and why; they end, too, with the same exit code."""
    client = _client()
    if client is None:
        return
    _leaving.set()
    process, count = jax.process_index(), jax.process_count()
    try:
        client.key_value_set(f"{_ENDED}{process}", f"{code} {line}", allow_overwrite=True)
        client.key_value_set(f"{_HEARD}{process}", "", allow_overwrite=True)
        until = time.monotonic() + _PATIENCE
        while process == 0 and time.monotonic() < until:  # the others learn it through process 0
            if len(client.key_value_dir_get(_HEARD)) == count:
                break
            time.sleep(0.1)
    except RuntimeError:  # process 0 has ended already, and all processes know
        return


def _listen() -> None:
    """End this process after another one has told that it ended."""
    client = _client()
    while client is not None and not _leaving.wait(1.0):
        try:
            ended = client.key_value_dir_get(_ENDED)
        except RuntimeError:  # process 0 has ended, which JAX notices
            return
        if not ended:
            continue
        if _leaving.wait(2.0):  # this process ends by itself
            return
        key, text = min(ended)
        code, _, line = text.partition(" ")
        complain(f"process {key.rpartition('/')[2]} ended: {line}")
        sys.stdout.flush()
        client.key_value_set(f"{_HEARD}{jax.process_index()}", "", allow_overwrite=True)
        os._exit(int(code))


def _client() -> Any:
    """Return JAX's key-value store of all processes, which has no public name; None for a single process."""
    return internal.global_state.client


_names: collections.Counter[str] = collections.Counter()


def _exchanged(name: str, text: str) -> list[str]:
    """Exchange texts and return that of each process; all processes must call this.

    Raises:
      InputError: if a process does not.
    """
    client, count = _client(), jax.process_count()
    if client is None or count == 1:
        return [text]
    _names[name] += 1
    folder = f"jaxunlearn/{name}/{_names[name]}"
    client.key_value_set(f"{folder}/{jax.process_index()}", text)
    return [_got(client, f"{folder}/{process}", name, process) for process in range(count)]


def _got(client: Any, key: str, name: str, process: int) -> str:
    until = time.monotonic() + LONGEST
    while time.monotonic() < until:
        try:
            return client.blocking_key_value_get(key, 1000)  # short, so that Ctrl-C is handled
        except RuntimeError as error:
            if "DEADLINE_EXCEEDED" not in str(error):
                time.sleep(HEARTBEAT)  # process 0 has ended: JAX ends this process meanwhile
                raise InputError("process 0 ended; its own messages say why") from error
    raise InputError(f"{name}: process {process} did not answer within {LONGEST} seconds")


def anywhere(flag: bool) -> bool:
    """Return True if `flag` is true in any process."""
    if jax.process_count() == 1:
        return flag
    return bool(np.any(multihost_utils.process_allgather(np.array(flag))))
