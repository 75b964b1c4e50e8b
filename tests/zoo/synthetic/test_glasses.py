"""Glasses have lenses: a slight tint and a reflection that stays where it is."""

import dataclasses

import numpy as np
import pytest

from jaxunlearn.zoo.synthetic import glasses
from jaxunlearn.zoo.synthetic.cameras import look_at
from jaxunlearn.zoo.synthetic.geometry import FRAME, Head, build_head, load_template
from jaxunlearn.zoo.synthetic.person import person_from_latent
from jaxunlearn.zoo.synthetic.render import render


@pytest.fixture(scope="module")
def wearer() -> Head:
    person = person_from_latent(np.random.default_rng(4).standard_normal(64))
    return build_head(dataclasses.replace(person, glasses=dataclasses.replace(person.glasses, worn=True)))


def test_every_vertex_of_the_frame_has_a_place_on_a_lens() -> None:
    template = load_template()
    first = template.triangles[template.part == FRAME].min()
    assert template.lenses.min() >= first
    count = len(glasses.lens_coordinates())
    assert template.lenses.max() == first + count - 1
    middles = glasses.lens_coordinates()[-2:]
    np.testing.assert_array_equal(middles, 0)
    rim = glasses.lens_coordinates()[np.unique(glasses.lens_triangles())[:-2]]
    np.testing.assert_allclose(np.hypot(*rim.T), 1, rtol=1e-5)


@pytest.mark.parametrize("yaw", [0.0, 0.4])
def test_lenses_tint_what_is_behind_them_and_nothing_else(wearer: Head, yaw: float) -> None:
    without = dataclasses.replace(wearer, lenses=wearer.lenses[:0])
    camera = look_at(yaw, 0.0)
    seen, bare = (render(head, camera, 96) for head in (wearer, without))
    changed = np.abs(seen.image - bare.image).max(-1) > 1e-4
    assert 0.01 < changed.mean() < 0.15
    np.testing.assert_array_equal(seen.depth, bare.depth)
    np.testing.assert_array_equal(seen.coverage, bare.coverage)
    brighter = (seen.image - bare.image)[changed].mean(-1)
    assert brighter.min() < -0.005  # the tint
    assert brighter.max() > 0.05  # the reflection
    assert np.abs(brighter).max() < 0.2


def test_people_without_glasses_have_no_lenses() -> None:
    person = person_from_latent(np.random.default_rng(4).standard_normal(64))
    bare = build_head(dataclasses.replace(person, glasses=dataclasses.replace(person.glasses, worn=False)))
    corners = bare.vertices[bare.lenses]
    np.testing.assert_allclose(corners, np.broadcast_to(corners[0, 0], corners.shape), atol=1e-6)
