"""Photographs side by side."""

import numpy as np
from PIL import Image

from jaxunlearn.zoo.synthetic.photographs import Photographs


def contact_sheet(photographs: Photographs, people: int = 8, views: int = 8) -> Image.Image:
    """Draw the first views of the first people, one person a row."""
    images = photographs.image[:people, :views]
    rows, columns, height, width, _ = images.shape
    return Image.fromarray(
        np.ascontiguousarray(images.swapaxes(1, 2)).reshape(rows * height, columns * width, 3)
    )
