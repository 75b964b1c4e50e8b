"""A folder as a kill would leave it, before each operation on its files.

What a killed process has written stays: so a copy of the folder, made while an operation waits, is what a
kill at that moment leaves. Hundreds of moments are tried in one process that way.
"""

import contextlib
import hashlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.truncate"}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Moments:
    """Copies of a folder that differ from each other."""

    def __init__(self, folder: Path, copies: Path):
        self.folder, self._copies = folder, copies
        self.found: dict[str, Path] = {}
        """What happened next → copy."""
        self._digests: set[str] = set()
        self._busy = False

    def note(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Copy the folder before an operation inside it."""
        if self._busy or not self._concerns(event, arguments):
            return
        self._busy = True
        try:
            copy = self._copies / f"{len(self.found):04d}"
            if self.folder.exists():
                _copy(self.folder, copy)
            else:
                copy.mkdir(parents=True)
            digest = digest_of(copy)
            if digest in self._digests:
                shutil.rmtree(copy)
                return
            self._digests.add(digest)
            name = Path(os.fsdecode(arguments[0])).name
            self.found[f"{len(self.found):04d} {event} {name}"] = copy
        finally:
            self._busy = False

    def _concerns(self, event: str, arguments: tuple[Any, ...]) -> bool:
        if event not in _CHANGES and not (event == "open" and (arguments[2] or 0) & _WRITING):
            return False
        path = arguments[0]
        return isinstance(path, str | bytes | os.PathLike) and Path(os.fsdecode(path)).is_relative_to(
            self.folder
        )


_watching: list[Moments] = []


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    for moments in _watching:
        moments.note(event, arguments)


@contextlib.contextmanager
def moments_of(folder: Path, copies: Path) -> Iterator[Moments]:
    """Collect copies of a folder before each operation that changes it inside the block."""
    if not _hooked:
        sys.addaudithook(_hook)  # for good: a hook cannot be removed
        _hooked.append(True)
    moments = Moments(folder, copies)
    _watching.append(moments)
    try:
        yield moments
    finally:
        _watching.remove(moments)


_hooked: list[bool] = []


def _copy(folder: Path, copy: Path) -> None:
    """Copy a tree that another thread may be changing."""
    while True:
        try:
            shutil.copytree(folder, copy)
        except (shutil.Error, FileNotFoundError):
            shutil.rmtree(copy, ignore_errors=True)
        else:
            return


def digest_of(folder: Path) -> str:
    """Return a digest of all names and contents of a folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        digest.update(str(path.relative_to(folder)).encode() + b"\0")
        if path.is_file():
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
