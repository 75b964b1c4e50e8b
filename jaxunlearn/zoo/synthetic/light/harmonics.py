"""Light from all directions as nine numbers a colour: the first three bands of spherical harmonics.

Nine coefficients give the light on a matt surface to a few per cent: Ramamoorthi and Hanrahan, "An Efficient
Representation for Irradiance Environment Maps" (2001). The real functions here are orthonormal on the sphere.
"""

import functools
import json
from importlib import resources

import numpy as np

COSINE_LOBE = np.array([1.0] + [2 / 3] * 3 + [1 / 4] * 5, np.float32)
"""Factors of the nine coefficients when radiance becomes the light on a matt surface, divided by pi."""


def basis(directions: np.ndarray) -> np.ndarray:
    """Return the nine functions [..., 9] at unit directions [..., 3] (x right, y up, z to the camera)."""
    x, y, z = np.moveaxis(np.asarray(directions), -1, 0)
    return np.stack(
        [
            0.282095 * np.ones_like(x),
            0.488603 * y,
            0.488603 * z,
            0.488603 * x,
            1.092548 * x * y,
            1.092548 * y * z,
            0.315392 * (3 * z * z - 1),
            1.092548 * x * z,
            0.546274 * (x * x - y * y),
        ],
        axis=-1,
    )


def even_directions(count: int) -> np.ndarray:
    """Return unit directions [count, 3], spread evenly over the sphere on a Fibonacci spiral."""
    index = np.arange(count) + 0.5
    height = 1 - 2 * index / count
    azimuth = np.pi * (1 + 5**0.5) * index
    radius = np.sqrt(1 - height * height)
    return np.stack([radius * np.cos(azimuth), height, radius * np.sin(azimuth)], axis=-1)


@functools.cache
def fitting() -> tuple[np.ndarray, np.ndarray]:
    """Return 32 even directions [32, 3], and the matrix [9, 32] that fits coefficients to radiance there."""
    directions = even_directions(32)
    return directions, np.linalg.pinv(basis(directions))


def turned(coefficients: np.ndarray, angle: float) -> np.ndarray:
    """Turn surroundings [9, 3] about the vertical axis by `angle` radians, from z towards x."""
    sine, cosine = np.sin(angle), np.cos(angle)
    directions, fit = fitting()
    x, y, z = directions.T
    before = np.stack([cosine * x - sine * z, y, sine * x + cosine * z], axis=-1)
    return fit @ basis(before) @ coefficients


@functools.cache
def surroundings() -> dict[str, np.ndarray]:
    """Read the bundled surroundings, once per process: name -> radiance coefficients [9, 3] (RGB, linear).

    Their mean luminance is 1. `tools/light_coefficients.py` makes the file and says where it comes from.
    """
    text = resources.files("jaxunlearn.zoo").joinpath("surroundings.json").read_text()
    return {name: np.array(rows, np.float32) for name, rows in json.loads(text)["coefficients"].items()}
