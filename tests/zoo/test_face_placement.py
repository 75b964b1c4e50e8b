"""Where synthetic people have their faces."""

import numpy as np
import pytest

from eg3d_flax import GeneratorConfig
from jaxunlearn.evaluation.judges.landmarks import FacePlacement
from jaxunlearn.photos.alignment.crop import STANDARD_FACE
from tests.support.face_placement import fit_placement, landmarks_in_space


def test_the_standard_face_is_found_again() -> None:
    faces = np.stack([0.2 * STANDARD_FACE + [0.1, -0.05, 0.3]] * 3)
    placement, distance = fit_placement(faces)
    np.testing.assert_allclose([placement.unit, *placement.origin], [0.2, 0.1, -0.05, 0.3], atol=1e-9)
    assert distance < 1e-9


def test_the_generators_config_says_where_its_faces_are() -> None:
    z = np.random.default_rng(0).standard_normal((60, 64)).astype(np.float32)
    placement, distance = fit_placement(landmarks_in_space(z))
    stated = FacePlacement.of(GeneratorConfig.heads())
    assert stated.unit == pytest.approx(placement.unit, abs=0.003)
    np.testing.assert_allclose(stated.origin, placement.origin, atol=0.004)
    assert distance < 0.12 * placement.unit
