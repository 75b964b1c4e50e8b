"""A photo of a person that comes with scikit-image, and where her face is."""

import numpy as np
import skimage.data
from PIL import Image

ASTRONAUT = np.array([[203.8, 101.4], [246.8, 103.8], [225.2, 128.5], [202.5, 140.3], [245.4, 141.5]])
"""The landmarks that MTCNN finds."""


def astronaut() -> Image.Image:
    """Return a photo of Eileen Collins, 512 x 512, in the public domain (NASA)."""
    return Image.fromarray(skimage.data.astronaut())
