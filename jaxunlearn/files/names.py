"""Names for files that every file system takes, made from any text."""

import re
import unicodedata
from collections.abc import Sequence

LONGEST = 120
"""Bytes of a name in UTF-8, without its suffix; systems take 255, and temporary files need some of them."""
_NOT_PLAIN = re.compile(r"[^\w.-]+")
_NOT_ALLOWED = re.compile(
    r'[\x00-\x1f\x7f-\x9f<>:"/\\|?*\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]+'
)
"""What Windows forbids, what turns or breaks a line, and bytes that are not UTF-8."""
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d) *(\.|$)", re.IGNORECASE)
"""Devices of Windows, under any suffix."""


def as_text(name: str) -> str:
    r"""A file's name as text: bytes that are not UTF-8 as escapes like `\xff`, so that it can be written."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def file_name(text: str, *, plain: bool = True, longest: int = LONGEST) -> str:
    """One name, never empty, hidden, reserved or too long.

    Args:
      text: any, also with bytes that are not UTF-8.
      plain: only letters, digits, `_`, `.` and `-`; otherwise whatever every system allows stays.
      longest: bytes in UTF-8.
    """
    composed = unicodedata.normalize("NFC", text)
    allowed = (_NOT_PLAIN if plain else _NOT_ALLOWED).sub("-", composed).lstrip("-. ").rstrip("-. ")
    name = allowed.encode()[:longest].decode(errors="ignore").rstrip("-. ") or "unnamed"
    return f"_{name}" if _RESERVED.match(name) else name


def distinct_file_names(texts: Sequence[str], *, plain: bool = True, longest: int = LONGEST) -> list[str]:
    """A name for each text, see `file_name`; no two of them are the same, nor differ in case only."""
    given: set[str] = set()
    names = []
    for text in texts:
        name, number = file_name(text, plain=plain, longest=longest), 1
        while name.casefold() in given:
            number += 1
            end = f"-{number}"
            name = file_name(text, plain=plain, longest=longest - len(end)) + end
        given.add(name.casefold())
        names.append(name)
    return names
