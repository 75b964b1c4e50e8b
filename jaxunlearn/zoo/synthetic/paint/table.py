"""The colours and numbers of a person that the paint depends on, as arrays."""

import numpy as np

from jaxunlearn.zoo.synthetic.person import Person

(SKIN_COLOUR, LIP_COLOUR, HAIR_COLOUR, BROW_COLOUR, IRIS_COLOUR, SHIRT_COLOUR, FRAME_COLOUR) = range(7)
(BROW_THICKNESS, BROW_ARCH, BROW_TILT, BLUSH, BALD, CURL, AGE, FRECKLES, STUBBLE, TIRED) = range(10)
FIRST_MOLE = 10
"""The last numbers: how dark the skin is at each of `paint.marks.MOLES`."""


def paint_table(person: Person) -> tuple[np.ndarray, np.ndarray]:
    """Return a person's colours [7, 3] and numbers [10 + moles] in the order of the constants above."""
    face = person.face
    colours = [
        face.skin,
        face.lips,
        person.hair.colour,
        face.brows,
        face.iris,
        face.shirt,
        person.glasses.colour,
    ]
    numbers = [
        face.brow_thickness,
        face.brow_arch,
        face.brow_tilt,
        face.blush,
        person.hair.bald,
        person.hair.curl,
        face.age,
        face.freckles,
        face.stubble,
        face.tired,
        *face.moles,
    ]
    return np.stack(colours).astype(np.float32), np.array(numbers, np.float32)
