"""Shapes of device meshes as text, read without JAX."""

import re


def parse_mesh_shape(text: str) -> tuple[int, int]:
    """Return the devices along "identity" and along "sample", such as `4x2` → (4, 2).

    Raises:
      ValueError: saying what the text should have been.
    """
    match = re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", text, re.ASCII)
    if match is None:
        raise ValueError("a mesh such as 4x2: identity x sample")
    return int(match[1]), int(match[2])
