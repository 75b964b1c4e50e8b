"""Refuse options that would have no effect."""

import argparse
from collections.abc import Iterable

from jaxunlearn.errors import InputError


def refuse(arguments: argparse.Namespace, names: Iterable[str], why: str) -> None:
    """Refuse arguments, unless they have the defaults that their parser noted in `defaults`.

    Raises:
      InputError: naming the argument, and why it has no effect.
    """
    for name in names:
        if getattr(arguments, name) != arguments.defaults[name]:
            raise InputError(f"--{name.replace('_', '-')} {why}")
