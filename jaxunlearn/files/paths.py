"""Paths on this machine, told from addresses on the web or in a cloud."""

import re
from os import PathLike, fspath
from pathlib import Path

from jaxunlearn.errors import InputError

_URI = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]+):/")
"""A scheme has at least two letters, since one is a drive of Windows; pathlib turns `gs://` into `gs:/`."""


def local_path(text: str | PathLike[str]) -> Path:
    """Return a path on this machine.

    Raises:
      InputError: if the text is an address such as gs://bucket/name.
    """
    address = _URI.match(fspath(text))
    if address is not None:
        raise InputError(
            f"{fspath(text)}: paths of {address['scheme']}:// cannot be used yet; "
            "copy it to this machine first"
        )
    return Path(text)
