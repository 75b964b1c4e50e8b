"""Turn any text into a file name that every file system accepts."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

LONGEST = 120
"""Most bytes of a name in UTF-8, without its suffix; systems accept 255, and temporary files need some."""
_NOT_PLAIN = re.compile(r"[^\w.-]+")
_NOT_ALLOWED = re.compile(
    r'[\x00-\x1f\x7f-\x9f<>:"/\\|?*\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]+'
)
"""Characters that Windows forbids, that turn or break a line, and bytes that are not UTF-8."""
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d) *(\.|$)", re.IGNORECASE)
"""Names of devices of Windows, with any suffix."""


def as_text(name: str) -> str:
    r"""Return a file's name as text; bytes that are not UTF-8 become escapes like `\xff`."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def file_name(text: str, *, plain: bool = True, longest: int = LONGEST) -> str:
    """Return a file name that is not empty, hidden, reserved or too long.

    Args:
      text: any text, also with bytes that are not UTF-8.
      plain: True keeps only letters, digits, `_`, `.` and `-`; False keeps all that every system allows.
      longest: most bytes in UTF-8.
    """
    composed = unicodedata.normalize("NFC", text)
    allowed = (_NOT_PLAIN if plain else _NOT_ALLOWED).sub("-", composed).lstrip("-. ").rstrip("-. ")
    name = allowed.encode()[:longest].decode(errors="ignore").rstrip("-. ") or "unnamed"
    return f"_{name}" if _RESERVED.match(name) else name


def distinct_file_names(
    texts: Sequence[str], *, plain: bool = True, longest: int = LONGEST, taken: Iterable[str] = ()
) -> list[str]:
    """Return a name for each text, see `file_name`; all names differ, and not only in case.

    Args:
      texts: see `file_name`.
      plain: see `file_name`.
      longest: see `file_name`.
      taken: names that are not given.
    """
    given = {name.casefold() for name in taken}
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
