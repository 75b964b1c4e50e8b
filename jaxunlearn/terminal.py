"""Print to the terminal so that names from outside cannot move the cursor, change colours or add lines."""

import contextlib
import logging
import sys
import unicodedata
import warnings
from collections.abc import Iterator
from typing import Any, TextIO

_ESCAPED = frozenset(["Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"])
"""Unicode categories printed as escapes: control and format characters, lone surrogates, line separators."""

_JOINERS = frozenset("\u200c\u200d")
"""Format characters that words and emoji need; they are harmless."""


def escaped(text: object) -> str:
    r"""Return a text as one line; control characters, line breaks and direction marks become `\x1b` etc."""
    return "".join(_escaped(character) for character in str(text))


def _escaped(character: str) -> str:
    if character in _JOINERS or unicodedata.category(character) not in _ESCAPED:
        return character
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def say(text: object = "", file: TextIO | None = None) -> None:
    """Print one escaped line.

    Args:
      text: characters that the terminal's encoding lacks are escaped, too.
      file: where to print; None is stdout.
    """
    stream = sys.stdout if file is None else file
    print(encodable(escaped(text), stream), file=stream)


def encodable(text: str, stream: TextIO) -> str:
    """Return a text with escapes in place of the characters that the encoding of a stream lacks."""
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def say_lines(text: str, file: TextIO | None = None) -> None:
    """Print a text of several lines, such as a table, to stdout or to `file`; each line is escaped."""
    for line in text.split("\n"):
        say(line, file)


def complain(text: object) -> None:
    """Print one escaped line to stderr, after the program's name."""
    say(f"jaxunlearn: {text}", sys.stderr)


@contextlib.contextmanager
def escaping() -> Iterator[None]:
    """Escape warnings and log records of libraries while the block runs; each is one line."""
    make = logging.getLogRecordFactory()

    def make_record(*arguments: Any, **named: Any) -> logging.LogRecord:
        record = make(*arguments, **named)
        # A message that does not fit its own arguments is left to logging, which reports it.
        with contextlib.suppress(TypeError, ValueError, KeyError):
            record.msg, record.args = escaped(record.getMessage()), ()
        return record

    logging.setLogRecordFactory(make_record)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = lambda message, *_, **__: complain(message)
            yield
    finally:
        logging.setLogRecordFactory(make)
