"""Where synthetic people have their faces: the placement of the standard face that fits their landmarks best.

`GeneratorConfig.heads` states the result, so that landmarks of its images can be foreseen from the camera.
`N` people.
"""

import numpy as np

from jaxunlearn.evaluation.judges.landmarks import FacePlacement
from jaxunlearn.photos.alignment.crop import STANDARD_FACE
from jaxunlearn.zoo.synthetic.anatomy import EYES, SKIN, load_anatomy
from jaxunlearn.zoo.synthetic.geometry import build_head
from jaxunlearn.zoo.synthetic.person import person_from_latent


def landmark_vertices() -> np.ndarray:
    """Return the template's five vertices in the order of `STANDARD_FACE`.

    The fronts of the eyeballs, left and right in the image; the tip of the nose; the corners of the mouth.
    """
    anatomy = load_anatomy()
    x, _, z = anatomy.vertices.T

    def foremost(vertices: np.ndarray) -> int:
        return int(vertices[np.argmax(z[vertices])])

    eyes, lips = anatomy.vertices_of(EYES), np.flatnonzero(anatomy.masks["lips"] > 0.5)
    return np.array(
        [
            foremost(eyes[x[eyes] < 0]),
            foremost(eyes[x[eyes] > 0]),
            foremost(anatomy.vertices_of(SKIN)),
            lips[np.argmin(x[lips])],
            lips[np.argmax(x[lips])],
        ]
    )


def landmarks_in_space(z: np.ndarray) -> np.ndarray:
    """Return the landmarks `[N, 5, 3]` in world units of the people of latents `[N, 64]`."""
    return np.stack([build_head(person_from_latent(each)).vertices[landmark_vertices()] for each in z])


def fit_placement(landmarks: np.ndarray) -> tuple[FacePlacement, float]:
    """Fit the standard face's unit and origin to landmarks `[N, 5, 3]` by least squares, without rotation.

    Returns:
      The placement, and the root mean square of the distances in world units.
    """
    mean = landmarks.mean(axis=(0, 1))
    centred = STANDARD_FACE - STANDARD_FACE.mean(axis=0)
    unit = float(np.mean(np.sum(centred * (landmarks - mean), axis=(1, 2))) / np.sum(np.square(centred)))
    origin = mean - unit * STANDARD_FACE.mean(axis=0)
    distances = np.linalg.norm(unit * STANDARD_FACE + origin - landmarks, axis=-1)
    placement = FacePlacement(unit, (float(origin[0]), float(origin[1]), float(origin[2])))
    return placement, float(np.sqrt(np.mean(np.square(distances))))
