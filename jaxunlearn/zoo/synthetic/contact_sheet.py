"""Photographs side by side."""

import numpy as np

from jaxunlearn.images import grid
from jaxunlearn.zoo.synthetic.photographs import Photographs


def contact_sheet(photographs: Photographs, people: int = 8, views: int = 8) -> np.ndarray:
    """Draw the first views of the first people, one person a row: `[H, W, 3]` uint8."""
    images = photographs.image[:people, :views]
    return grid(images.reshape(-1, *images.shape[2:]), images.shape[1])
