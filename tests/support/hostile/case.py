"""One input and the command that meets it."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

CANARY = "canary"
"""A file that hostile inputs create, if their code is run."""


@dataclasses.dataclass(frozen=True)
class Case:
    """One input.

    Attributes:
      name: tells it from others.
      arguments: of the command, run in an empty folder after `prepare`.
      prepare: writes the input into that folder.
      code: the exit code that is right.
    """

    name: str
    arguments: tuple[str, ...]
    prepare: Callable[[Path], None] = lambda _: None
    code: int = 2


def file(name: str, content: bytes | str) -> Callable[[Path], None]:
    """Writes one file."""
    data = content.encode() if isinstance(content, str) else content

    def write(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)

    return write


def harm() -> bytes:
    """A pickle that creates the canary when it is loaded by Python."""
    return b"\x80\x02cos\nsystem\nX\x0c\x00\x00\x00touch canary\x85R."
