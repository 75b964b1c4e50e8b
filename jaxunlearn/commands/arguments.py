"""Types of command-line arguments that several subcommands share."""

import argparse
import math


def positive(text: str) -> int:
    """A whole number of at least 1."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive whole number")
    return number


def not_negative(text: str) -> float:
    """A number of at least 0."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0")
    return number


def seeds(text: str) -> list[int]:
    """Seeds such as `0-3,7` → [0, 1, 2, 3, 7]."""
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if not first.isdecimal() or not (last if dash else first).isdecimal():
            raise argparse.ArgumentTypeError(f"{text!r} is not a list of seeds such as 0-3,7")
        found.extend(range(int(first), int(last if dash else first) + 1))
    if not found or max(found) >= 2**32:
        raise argparse.ArgumentTypeError(f"{text!r}: seeds lie between 0 and 4294967295")
    return found


def seed(text: str) -> int:
    """One seed."""
    found = seeds(text)
    if len(found) > 1:
        raise argparse.ArgumentTypeError(f"{text!r} is more than one seed")
    return found[0]


def numbers(text: str) -> list[float]:
    """Numbers such as `-5,5,10.5`."""
    try:
        found = [float(part) for part in text.split(",")]
    except ValueError:
        found = []
    if not found or not all(map(math.isfinite, found)):
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of numbers such as -5,5,10")
    return found


def mesh_shape(text: str) -> tuple[int, int]:
    """Devices along "identity" and along "sample", such as `4x2` → (4, 2)."""
    from jaxunlearn.mesh import shape_of

    try:
        return shape_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not {error}") from error
