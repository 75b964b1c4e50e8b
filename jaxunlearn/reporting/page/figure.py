"""Pictures inside a page."""

import base64
import html
from pathlib import Path

from jaxunlearn.files.door import read_bytes

_LARGEST_PICTURE = 256 * 2**20
"""Limit for the bytes of a picture in a page."""


def figure(path: Path, caption: str) -> str:
    """Return the HTML of a picture inside the page; an empty text if the file does not exist.

    Args:
      path: of a PNG or SVG file.
      caption: also what a screen reader says.
    """
    if not path.is_file():
        return ""
    kind = "image/svg+xml" if path.suffix == ".svg" else "image/png"
    data = base64.b64encode(read_bytes(path, most=_LARGEST_PICTURE)).decode()
    return (
        f'<figure><img alt="{html.escape(caption)}" src="data:{kind};base64,{data}">'
        f"<figcaption>{html.escape(caption)}</figcaption></figure>"
    )
