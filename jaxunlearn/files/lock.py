"""Let one process at a time write into a folder.

The lock is the operating system's and ends with the process, however that ends. Its file says which process
has it. If another host left the file, or the file system has no locks, the time of the file decides: the
process with the lock touches it every few seconds.
"""

import contextlib
import errno
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

from jaxunlearn.errors import InputError
from jaxunlearn.files.paths import check_writable
from torch_bridge import leftover_of, remove_leftovers

NAME = ".lock"
"""Name of the file in the folder."""

NO_CONTENT = frozenset([NAME, ".DS_Store", "Thumbs.db", "desktop.ini"])
"""Names of files that an empty folder may have; file managers make the others."""

TOUCHED_EVERY = 5.0
"""Seconds between two touches of the file."""

STALE_AFTER = 30.0
"""Seconds without a touch after which the lock has ended."""

SEEN_WITHIN = 60.0
"""Seconds within which a host sees a file that another one made: NFS remembers what a folder held."""


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Lock a folder for the time of the block; it is made if it does not exist.

    Raises:
      InputError: if another process has locked it; the message says which. Also if it cannot be written.
    """
    check_writable(folder)
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / NAME
    descriptor = _taken(path)
    over = threading.Event()
    alive = threading.Thread(target=_keep_alive, args=(path, over), name="folder lock", daemon=True)
    alive.start()
    try:
        yield
    finally:
        over.set()
        alive.join()
        if sys.platform == "win32":  # Windows removes no open file
            os.close(descriptor)
            path.unlink(missing_ok=True)
        else:
            path.unlink(missing_ok=True)
            os.close(descriptor)
        with contextlib.suppress(OSError):  # a refused command leaves no folder
            for each in made:
                each.rmdir()


@contextlib.contextmanager
def locked_clean(folder: Path, check_free: Callable[[], object]) -> Iterator[None]:
    """Lock a folder for the time of the block, and remove unfinished files of a killed process.

    Args:
      folder: the folder; it is made if it does not exist.
      check_free: raises an `InputError` if the folder holds other files than those expected.

    Raises:
      InputError: as `check_free`, or if another process has locked the folder.
    """
    check_free()
    with locked(folder):
        remove_leftovers(folder)
        yield


def names_in(folder: Path) -> set[str]:
    """Return the names of a folder's content; an unfinished file of a killed process has its file's name.

    Empty if there is no folder.
    """
    if not folder.is_dir():
        return set()
    return {leftover_of(path.name) or path.name for path in folder.iterdir()} - NO_CONTENT


def refuse_other_files(folder: Path, own: Collection[str]) -> None:
    """Refuse a folder that holds anything but files of some names, finished or not.

    Raises:
      InputError: if it does.
    """
    if not names_in(folder) <= {*own}:
        raise InputError(f"{folder}: holds other files; give an empty or a new folder")


def is_locked(folder: Path) -> bool:
    """Return True if a process works in a folder: the file of its lock was touched a moment ago."""
    try:
        return time.time() - (folder / NAME).stat().st_mtime < STALE_AFTER
    except FileNotFoundError:
        return False


def check_seen(folder: Path) -> None:
    """Check that a folder that another process has locked is the same on this host.

    Raises:
      InputError: if its lock is not here.
    """
    until = time.monotonic() + SEEN_WITHIN
    while not (folder / NAME).exists():
        if time.monotonic() >= until:
            raise InputError(
                f"{folder}: what process 0 writes there is not seen on this host; all hosts must see the "
                "same folder, so give one in a file system that they share"
            )
        time.sleep(0.2)


def _taken(path: Path) -> int:
    """Return the lock's file, open and locked, with the name of this process in it.

    Raises:
      InputError: if another process has locked it.
    """
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o666)
        try:
            certain = _lock(descriptor)
        except BlockingIOError:
            os.close(descriptor)
            raise InputError(_held_by(path, _holder(path))) from None
        holder = _holder(path)
        if holder and (not certain or holder.get("host") != socket.gethostname()):
            with contextlib.suppress(FileNotFoundError):
                if abs(time.time() - path.stat().st_mtime) < STALE_AFTER:
                    os.close(descriptor)
                    raise InputError(_held_by(path, holder))
        if not _is_still(descriptor, path):  # another process removed it in between
            os.close(descriptor)
            continue
        about = {"host": socket.gethostname(), "process": os.getpid(), "since": time.strftime("%F %T%z")}
        os.ftruncate(descriptor, 0)
        os.write(descriptor, json.dumps(about).encode())
        return descriptor


def _lock(descriptor: int) -> bool:
    """Lock an open file; return False if the file system has no locks.

    Raises:
      BlockingIOError: if another process has locked it.
    """
    if sys.platform == "win32":
        import msvcrt

        os.lseek(descriptor, 2**30, os.SEEK_SET)  # behind the text, which other processes read
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            raise BlockingIOError(errno.EWOULDBLOCK, os.strerror(errno.EWOULDBLOCK)) from error
        os.lseek(descriptor, 0, os.SEEK_SET)
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError as error:
        if error.errno not in (errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK, errno.EINVAL):
            raise
        return False
    return True


def _is_still(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _holder(path: Path) -> dict[str, Any]:
    """Return the content of a lock's file; empty if its process was killed before it wrote."""
    try:
        about = json.loads(path.read_bytes()[:4096])
    except (OSError, ValueError):
        return {}
    return about if isinstance(about, dict) else {}


def _held_by(path: Path, holder: dict[str, Any]) -> str:
    who = "another process"
    if holder:
        who = f"process {holder.get('process')} on {holder.get('host')}, since {holder.get('since')}"
    advice = "wait for it or give another folder"
    if holder.get("host") != socket.gethostname():
        advice += f"; if it has ended, remove {path} or try again in {STALE_AFTER:.0f} seconds"
    return f"{path.parent}: is in use by {who}; {advice}"


def _keep_alive(path: Path, over: threading.Event) -> None:
    while not over.wait(TOUCHED_EVERY):
        with contextlib.suppress(OSError):  # the next one may succeed
            os.utime(path)
