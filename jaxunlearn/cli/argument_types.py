"""Types of command-line arguments: numbers, seeds, paths, shapes.

Numbers have limits far above what anybody needs. A slip of the keyboard is then refused in one line and does
not fill the memory.
"""

import argparse
import math
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from jaxunlearn.errors import InputError, shortened
from jaxunlearn.files import paths
from jaxunlearn.limits import LARGEST_SEED
from jaxunlearn.mesh_shapes import parse_mesh_shape

MOST_SEEDS = 10_000
"""Largest number of people that one option may name."""
MOST_STEPS = 10**7
MOST_COPIES = 1024
MOST_BATCH = 1024
MOST_DEVICES = 2**16
_MOST_DIGITS = 40
"""Digits of the longest number that is read: Python is slow with very long ones, and messages show them."""


def whole(least: int, most: int) -> Callable[[str], int]:
    """Return the type of whole numbers between two limits, both included."""

    def read(text: str) -> int:
        try:
            number = int(text) if len(text) <= _MOST_DIGITS else None
        except ValueError:
            number = None
        if number is None or not least <= number <= most:
            raise argparse.ArgumentTypeError(f"{_quoted(text)} is not a whole number from {least} to {most}")
        return number

    return read


def real(least: float, most: float) -> Callable[[str], float]:
    """Return the type of numbers between two limits, both included; never NaN or infinity."""

    def read(text: str) -> float:
        number = _real(text)
        if not least <= number <= most:
            raise argparse.ArgumentTypeError(f"{_quoted(text)} is not a number from {least:g} to {most:g}")
        return number

    return read


def not_negative(text: str) -> float:
    """Return a number of at least 0, up to a million."""
    return real(0, 1e6)(text)


def seeds(text: str) -> list[int]:
    """Return seeds: `0-3,7` → [0, 1, 2, 3, 7]. Their number is limited, so that a long range does no harm."""
    return _written_out(text, "seeds")


def people(text: str) -> list[int]:
    """Return numbers of people, written as seeds are."""
    return _written_out(text, "numbers of people")


def _written_out(text: str, what: str) -> list[int]:
    spans: list[range] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        ends = [_decimal(end) for end in ((first, last) if dash else (first, first))]
        if None in ends:
            raise argparse.ArgumentTypeError(f"{_quoted(text)} is not a list of {what} such as 0-3,7")
        begin, end = (end for end in ends if end is not None)
        if max(begin, end) > LARGEST_SEED:
            raise argparse.ArgumentTypeError(f"{_quoted(text)}: {what} lie between 0 and {LARGEST_SEED}")
        if end < begin:
            raise argparse.ArgumentTypeError(f"{_quoted(text)}: {begin}-{end} is empty; write {end}-{begin}")
        spans.append(range(begin, end + 1))
    count = sum(map(len, spans))
    if count > MOST_SEEDS:
        raise argparse.ArgumentTypeError(f"{_quoted(text)} names {count} people; give at most {MOST_SEEDS}")
    return [number for span in spans for number in span]


def seed(text: str) -> int:
    """Return one seed."""
    numbers = seeds(text)
    if len(numbers) > 1:
        raise argparse.ArgumentTypeError(f"{_quoted(text)} is more than one seed")
    return numbers[0]


def numbers(text: str) -> list[float]:
    """Return numbers such as `-5,5,10.5`: at most a hundred, each up to a million."""
    values = [_real(part) for part in text.split(",")] if text.count(",") < 100 else []
    if not values or not all(abs(value) <= 1e6 for value in values):
        raise argparse.ArgumentTypeError(f"{_quoted(text)} is not a list of numbers such as -5,5,10")
    return values


LISTS = (seeds, people, numbers)
"""Types of which one text can name several values, with commas between them."""


def face(text: str) -> int | Literal["largest"]:
    """Return which of several faces is meant: its number from the left, from 1, or `largest`."""
    if text == "largest":
        return "largest"
    number = _decimal(text)
    if number is None or number < 1:
        raise argparse.ArgumentTypeError(f"{_quoted(text)} is neither `largest` nor a number from 1")
    return number


def mesh_shape(text: str) -> tuple[int, int]:
    """Return the devices along "identity" and along "sample", such as `4x2` → (4, 2)."""
    try:
        shape = parse_mesh_shape(text) if len(text) <= _MOST_DIGITS else (MOST_DEVICES, MOST_DEVICES)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{_quoted(text)} is not {error}") from error
    if math.prod(shape) > MOST_DEVICES:
        raise argparse.ArgumentTypeError(f"{_quoted(text)} has more than {MOST_DEVICES} devices")
    return shape


def local_path(text: str) -> Path:
    """Return a path on this machine; an address such as gs://bucket/name is refused."""
    if not text:
        raise argparse.ArgumentTypeError("an empty text names no file")
    try:
        return paths.local_path(text)
    except InputError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def name_or_path(text: str) -> str:
    """Return a path, or the name of a network or of photos; an address such as gs://b/name is refused."""
    if not text.startswith("tfds:") or text.startswith("tfds://"):  # tfds:/data/heads/1.0.0 is a folder
        local_path(text)
    return text


def _real(text: str) -> float:
    """Return a number; for any other text NaN, which lies between no limits."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def _decimal(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS else None


def _quoted(text: str) -> str:
    """Return a text for a message, quoted and cut to length."""
    return repr(shortened(text))
