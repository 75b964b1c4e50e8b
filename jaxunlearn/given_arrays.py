"""Arrays and numbers that a caller gives: anything that NumPy takes, or one line that says what is wrong."""

from typing import Any

import ml_dtypes
import numpy as np

from jaxunlearn.errors import InputError, printable


def array_of(name: str, given: Any) -> np.ndarray:
    """Return what a caller gives as an array.

    Args:
      name: what an error calls it.
      given: anything that NumPy takes.

    Raises:
      InputError: if it is none, such as rows of several lengths or random keys.
    """
    try:
        return np.asarray(given)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} must be an array of numbers, not {printable(given)}") from error


def numbers_of(name: str, given: Any) -> np.ndarray:
    """Return real numbers that a caller gives as an array of their own type.

    Args:
      name: what an error calls them.
      given: anything that NumPy takes.

    Raises:
      InputError: if they are something else, such as texts, complex numbers or dates.
    """
    array = array_of(name, given)
    if array.dtype.kind not in "fiu" and array.dtype != ml_dtypes.bfloat16:  # no number for NumPy
        raise InputError(f"{name} must be an array of numbers, not {printable(array.tolist())}")
    return array


def whole_numbers_of(name: str, given: Any, most: int) -> list[int]:
    """Return a list of whole numbers.

    Args:
      name: what an error calls them.
      given: numbers from 0 to `most`.
      most: the greatest.

    Raises:
      InputError: if it is no list of at least one, or one is no such number.
    """
    array = array_of(name, given)
    if array.ndim != 1 or not len(array):
        raise InputError(f"{name} must be a list of at least one, such as [7], not {printable(given)}")
    if array.dtype.kind not in "iu" or not ((array >= 0) & (array <= most)).all():
        raise InputError(f"{name} must be whole numbers from 0 to {most}, not {printable(given)}")
    return array.tolist()
