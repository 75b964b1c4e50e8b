"""Types of command-line arguments that several subcommands share.

Numbers have limits far above what anybody needs, so that a slip of the keyboard is refused in one line and
does not fill the memory.
"""

import argparse
import math
from collections.abc import Callable
from pathlib import Path

from jaxunlearn.errors import InputError, shortened

MOST_SEEDS = 10_000
"""People that one option may name."""
LARGEST_SEED = 2**32 - 1
MOST_STEPS = 10**7
MOST_COPIES = 1024
MOST_BATCH = 1024
MOST_DEVICES = 2**16
_MOST_DIGITS = 40
"""Of a number: Python takes long to read very long ones, and messages show them."""


def whole(least: int, most: int) -> Callable[[str], int]:
    """The type of whole numbers between two limits, both included."""

    def read(text: str) -> int:
        try:
            number = int(text) if len(text) <= _MOST_DIGITS else None
        except ValueError:
            number = None
        if number is None or not least <= number <= most:
            raise argparse.ArgumentTypeError(f"{_shown(text)} is not a whole number from {least} to {most}")
        return number

    return read


def real(least: float, most: float) -> Callable[[str], float]:
    """The type of numbers between two limits, both included; never NaN or infinity."""

    def read(text: str) -> float:
        number = _real(text)
        if not least <= number <= most:
            raise argparse.ArgumentTypeError(f"{_shown(text)} is not a number from {least:g} to {most:g}")
        return number

    return read


def not_negative(text: str) -> float:
    """A number of at least 0, up to a million."""
    return real(0, 1e6)(text)


def seeds(text: str) -> list[int]:
    """Seeds such as `0-3,7` → [0, 1, 2, 3, 7]; limited in number, so that a range is safe to write out."""
    spans: list[range] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        ends = [_decimal(end) for end in ((first, last) if dash else (first, first))]
        if None in ends:
            raise argparse.ArgumentTypeError(f"{_shown(text)} is not a list of seeds such as 0-3,7")
        begin, end = (end for end in ends if end is not None)
        if max(begin, end) > LARGEST_SEED:
            raise argparse.ArgumentTypeError(f"{_shown(text)}: seeds lie between 0 and {LARGEST_SEED}")
        if end < begin:
            raise argparse.ArgumentTypeError(
                f"{_shown(text)}: {begin}-{end} holds no seed; write {end}-{begin}"
            )
        spans.append(range(begin, end + 1))
    count = sum(map(len, spans))
    if count > MOST_SEEDS:
        raise argparse.ArgumentTypeError(f"{_shown(text)}: are {count} people; give at most {MOST_SEEDS}")
    return [seed for span in spans for seed in span]


def seed(text: str) -> int:
    """One seed."""
    found = seeds(text)
    if len(found) > 1:
        raise argparse.ArgumentTypeError(f"{_shown(text)} is more than one seed")
    return found[0]


def numbers(text: str) -> list[float]:
    """Numbers such as `-5,5,10.5`, at most a hundred, each up to a million."""
    found = [_real(part) for part in text.split(",")] if text.count(",") < 100 else []
    if not found or not all(abs(number) <= 1e6 for number in found):
        raise argparse.ArgumentTypeError(f"{_shown(text)} is not a list of numbers such as -5,5,10")
    return found


def mesh_shape(text: str) -> tuple[int, int]:
    """Devices along "identity" and along "sample", such as `4x2` → (4, 2)."""
    from jaxunlearn.mesh import shape_of

    try:
        shape = shape_of(text) if len(text) <= _MOST_DIGITS else (MOST_DEVICES, MOST_DEVICES)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{_shown(text)} is not {error}") from error
    if math.prod(shape) > MOST_DEVICES:
        raise argparse.ArgumentTypeError(f"{_shown(text)}: has more than {MOST_DEVICES} devices")
    return shape


def local_path(text: str) -> Path:
    """A path on this machine; an address such as gs://bucket/name is refused by name."""
    return Path(name_or_path(text))


def name_or_path(text: str) -> str:
    """The name of a network or of photos, or a path; an address such as gs://bucket/name is refused."""
    from jaxunlearn import files  # not at the top: --help must not wait for jax

    if not text:
        raise argparse.ArgumentTypeError("an empty text names no file")
    try:
        files.local_path(text)
    except InputError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text


def _real(text: str) -> float:
    """A number; NaN, which lies between no limits, for what is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def _decimal(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS else None


def _shown(text: str) -> str:
    """A text for a message, quoted and cut to length."""
    return repr(shortened(text))
