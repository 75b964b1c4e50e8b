"""Paint of faces: each trait changes what it should, where it should."""

import dataclasses

import numpy as np
import pytest

from jaxunlearn.zoo.synthetic.cameras import look_at
from jaxunlearn.zoo.synthetic.geometry import REST_X, REST_Y, REST_Z, build_head
from jaxunlearn.zoo.synthetic.paint.eyes import IRIS_RADIUS, MIDDLE_X, MIDDLE_Y, paint_eye
from jaxunlearn.zoo.synthetic.paint.face_map import (
    CHANNELS,
    FRECKLE_MAP,
    FURROW_MAP,
    LASH_MAP,
    OIL_MAP,
    face_map,
    look_up,
)
from jaxunlearn.zoo.synthetic.paint.marks import MOLES, freckle, furrows, oiliness
from jaxunlearn.zoo.synthetic.paint.table import paint_table
from jaxunlearn.zoo.synthetic.person import LATENT_SIZE, Person, marks_matrix, person_from_latent, with_skin
from jaxunlearn.zoo.synthetic.render import render


def person(seed: int, **face: object) -> Person:
    """Return a person without hair on the face, with some traits of the face replaced."""
    someone = person_from_latent(np.random.default_rng(seed).standard_normal(LATENT_SIZE))
    plain = {"freckles": 0.0, "stubble": 0.0, "tired": 0.0, "age": 0.0, "moles": np.zeros(len(MOLES))}
    hair = dataclasses.replace(someone.hair, beard=0.0, moustache=0.0, fringe=0.0, length=0.0)
    glasses = dataclasses.replace(someone.glasses, worn=False)
    looks = dataclasses.replace(someone.face, **(plain | face))
    return dataclasses.replace(someone, face=looks, hair=hair, glasses=glasses)


def front(who: Person) -> np.ndarray:
    return render(build_head(who), look_at(0.0, 0.0), 96).image


def marks_at(x: float, y: float) -> np.ndarray:
    marks = np.empty(CHANNELS, np.float32)
    look_up(face_map(), x, y, marks)
    return marks


@pytest.mark.parametrize(("x", "y"), [(0.31, 7.04), (-0.22, 6.81), (0.03, 7.7), (-0.5, 7.25)])
def test_the_face_map_is_the_marks(x: float, y: float) -> None:
    marks = marks_at(x, y)
    assert marks[FRECKLE_MAP] == pytest.approx(freckle(x, y), abs=0.06)
    assert marks[FURROW_MAP] == pytest.approx(furrows(abs(x), y), abs=0.06)
    assert marks[OIL_MAP] == pytest.approx(oiliness(abs(x), y), abs=0.005)


def test_beside_the_face_the_map_keeps_its_edge() -> None:
    np.testing.assert_allclose(marks_at(2.0, 7.0), marks_at(0.85, 7.0), atol=1e-2)


def test_lids_have_a_dark_line_where_lashes_grow() -> None:
    assert marks_at(0.315, 7.36)[LASH_MAP] > 0.3
    assert marks_at(0.315, 7.6)[LASH_MAP] == 0


@pytest.mark.parametrize("trait", ["freckles", "stubble", "tired", "age"])
def test_a_mark_darkens_the_skin(trait: str) -> None:
    plain, marked = front(person(5)), front(person(5, **{trait: 1.0}))
    change = plain - marked
    assert change.max() > 0.04
    assert change.mean() > 0
    assert np.abs(change).max() < 0.4  # soft: marks never look like holes


def test_a_mole_is_one_small_dark_spot() -> None:
    change = (front(person(5)) - front(person(5, moles=np.eye(len(MOLES))[0]))).mean(axis=-1)
    spot = change > 0.02
    assert 2 <= spot.sum() <= 30
    rows, columns = np.nonzero(spot)
    assert np.ptp(rows) <= 6
    assert np.ptp(columns) <= 6


def test_an_eye_has_a_white_a_coloured_iris_and_a_dark_pupil() -> None:
    who = person(5, iris=np.array([0.2, 0.5, 0.9]))
    colours, _ = paint_table(who)

    def at(dx: float, dy: float) -> np.ndarray:
        a, colour = np.zeros(11, np.float32), np.empty(3, np.float32)
        a[REST_X], a[REST_Y], a[REST_Z] = MIDDLE_X + dx, MIDDLE_Y + dy, 1.3
        paint_eye(a, colours, colour)
        return colour

    assert at(-0.005, -0.005).max() < 0.2
    red, _, blue = at(0.0, -0.7 * IRIS_RADIUS)
    assert blue > 2 * red
    assert at(0.095, -0.01).min() > 0.6
    assert at(0.026, 0.026).min() > 0.9  # the catch light
    assert at(-0.026, 0.026).min() < 0.5  # lies on the same side in both eyes


def test_marks_of_the_skin_are_independent_of_each_other() -> None:
    np.testing.assert_allclose(marks_matrix() @ marks_matrix().T, np.eye(len(marks_matrix())), atol=1e-12)


def test_the_old_have_lines_and_the_young_have_none() -> None:
    ages = np.array(
        [person_from_latent(z).face.age for z in np.random.default_rng(0).standard_normal((300, LATENT_SIZE))]
    )
    assert (ages < 0.15).mean() > 0.4
    assert (ages > 0.6).mean() > 0.08


def test_skin_takes_its_marks_along() -> None:
    donor = person(7, freckles=1.0)
    assert with_skin(person(5), donor).face.freckles == 1.0
