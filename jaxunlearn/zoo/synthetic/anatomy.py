"""Anatomy of the head: the template mesh, and displacements that change its shape or its expression.

Everything comes from `jaxunlearn/zoo/head_model.npz`, which `tools/extract_head_model.py` makes; coordinates
are MakeHuman's (decimetres; x to the person's left, y up, z out of the face; eyes near y = 7.28, z = 1.25).
"""

import dataclasses
import functools
from importlib import resources

import numpy as np

EYE_SPACING = "eyes/eye-spacing-wide|close"
"""Name of the shape axis that is not from the data."""
SKIN, EYES, LASHES, TEETH, TONGUE = range(5)
"""Part numbers of the template's triangles."""


@dataclasses.dataclass(frozen=True, eq=False)
class Anatomy:
    """The template and its shape axes. `N` vertices, `T` triangles.

    Attributes:
      vertices: [N, 3] rest positions. Paint refers to them, because deformation does not change them.
      triangles: [T, 3] vertex indices, counter-clockwise seen from outside.
      part: [T] `SKIN`, `EYES`, `LASHES`, `TEETH` or `TONGUE`.
      joints: name -> [8] vertices; their mean is the joint.
      masks: name (`lips`, `eyelids`, `inside-mouth`, `ears`, or `openness`, the visible share of the sky)
        -> [N] in [0, 1].
      modifiers: axis name -> (positive side, negative side), each [N, 3]; one-sided axes have a zero side.
      macro: name such as `asian-female-old` -> [N, 3], mixed with weights that add up to 1.
      expressions: name such as `mouthSmileLeft` -> [N, 3].
    """

    vertices: np.ndarray
    triangles: np.ndarray
    part: np.ndarray
    joints: dict[str, np.ndarray]
    masks: dict[str, np.ndarray]
    modifiers: dict[str, tuple[np.ndarray, np.ndarray]]
    macro: dict[str, np.ndarray]
    expressions: dict[str, np.ndarray]

    def vertices_of(self, part: int) -> np.ndarray:
        """Return the sorted vertex indices of a part."""
        return np.unique(self.triangles[self.part == part])


def eye_spacing(vertices: np.ndarray) -> np.ndarray:
    """Return the displacements [2, N, 3] that move the eyes apart and together by 5 millimetres each.

    The data have no such axis. The eye and its lids move rigidly; the skin around them gives way.
    """
    side = np.sign(vertices[:, 0]) * np.minimum(np.abs(vertices[:, 0]) / 0.12, 1)
    distance = np.hypot(np.abs(vertices[:, 0]) - 0.31, vertices[:, 1] - 7.30)
    share = 1 - np.clip((distance - 0.18) / 0.30, 0, 1)
    share = share * share * (3 - 2 * share) * (vertices[:, 2] > 0.6)
    outwards = np.zeros_like(vertices)
    outwards[:, 0] = 0.05 * side * share
    return np.stack([outwards, -outwards])


@functools.cache
def load_anatomy() -> Anatomy:
    """Read the bundled head model, once per process."""
    with resources.files("jaxunlearn.zoo").joinpath("head_model.npz").open("rb") as file:
        arrays = dict(np.load(file, allow_pickle=False))
    coordinate_step, displacement_step = arrays["steps"]

    def named(key: str, names: str, scale: float) -> dict[str, np.ndarray]:
        return dict(
            zip(arrays[names].tolist(), arrays[key].astype(np.float32) * np.float32(scale), strict=True)
        )

    vertices = arrays["vertices"].astype(np.float32) * np.float32(coordinate_step)
    modifiers = named("modifiers", "modifier_names", displacement_step)
    modifiers |= {EYE_SPACING: eye_spacing(vertices)}
    return Anatomy(
        vertices=vertices,
        triangles=arrays["triangles"].astype(np.int32),
        part=arrays["part"].astype(np.int32),
        joints=dict(zip(arrays["joint_names"].tolist(), arrays["joints"].astype(np.int32), strict=True)),
        masks=named("masks", "mask_names", 1 / 255),
        modifiers={name: (sides[0], sides[1]) for name, sides in modifiers.items()},
        macro=named("macro", "macro_names", displacement_step),
        expressions=named("expressions", "expression_names", displacement_step),
    )
