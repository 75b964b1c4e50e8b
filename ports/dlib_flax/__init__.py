"""dlib's face recognition network in Flax, with its weights, and the upright face crops that it takes.

    network = dlib_flax.load()
    descriptors = network(dlib_flax.chips(images, landmarks))
    dlib_flax.distance(descriptors[0], descriptors[1])

On photographs of real people, a distance below 0.6 means one person; that is dlib's own convention.
"""

from dlib_flax.chips import TEMPLATE, chip_similarity, chips
from dlib_flax.face_api import read_face_api
from dlib_flax.files import load, write
from dlib_flax.network import CHIP_SIZE, DlibResNet, distance

__all__ = [
    "CHIP_SIZE",
    "TEMPLATE",
    "DlibResNet",
    "chip_similarity",
    "chips",
    "distance",
    "load",
    "read_face_api",
    "write",
]
