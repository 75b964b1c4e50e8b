"""Text on the terminal: names from outside cannot move the cursor, change colours or add lines."""

import sys
import unicodedata
from typing import TextIO

_ESCAPED = frozenset(["Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"])
"""Unicode categories shown as escapes: control and format characters, lone surrogates, line separators."""

_JOINERS = frozenset("\u200c\u200d")
"""Format characters that words and emoji need, and that do no harm."""


def escaped(text: object) -> str:
    r"""A text as one line: control characters, line breaks and marks of direction as escapes like `\x1b`."""
    return "".join(_escaped(character) for character in str(text))


def _escaped(character: str) -> str:
    if character in _JOINERS or unicodedata.category(character) not in _ESCAPED:
        return character
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def say(text: object = "", file: TextIO | None = None) -> None:
    """Print one line to stdout, or to `file`, escaped.

    What a terminal's encoding cannot show is shown as an escape, too.
    """
    stream = sys.stdout if file is None else file
    line = escaped(text)
    encoding = stream.encoding or "utf-8"
    print(line.encode(encoding, "backslashreplace").decode(encoding), file=stream)


def say_lines(text: str) -> None:
    """Print a text of several lines, such as a table, to stdout, each line escaped."""
    for line in text.split("\n"):
        say(line)


def complain(text: object) -> None:
    """Print one line to stderr after the program's name, escaped."""
    say(f"jaxunlearn: {text}", sys.stderr)
