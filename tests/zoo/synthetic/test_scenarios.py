"""Scenarios: those of the bundled models stay what they were, and `wigs` leaves nothing but the face."""

import numpy as np
import pytest
from PIL import Image

from jaxunlearn.zoo.synthetic.person import Person
from jaxunlearn.zoo.synthetic.photographs import MAPPING_VERSION, PhotographRequest, photograph
from jaxunlearn.zoo.synthetic.scenarios import SCENARIOS, Scenario, Shot, draw_disguise, draw_normal_person
from tests.support.golden import ROOT

KEPT = ("skin", "lips", "iris", "blush", "brow_thickness", "brow_arch", "brow_tilt")
CHANGED = ("brows", "shirt")


def generator_of(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


@pytest.fixture(scope="module")
def person() -> Person:
    return draw_normal_person(generator_of(1))[1]


def test_photographs_are_still_those_that_the_bundled_models_were_trained_on() -> None:
    """If this fails on purpose, raise MAPPING_VERSION and train the bundled models again."""
    with Image.open(ROOT / "heads" / f"scenarios_{MAPPING_VERSION}.png") as golden:
        expected = np.asarray(golden, np.float32) / 255
    rows = []
    for name in ("generator", "identity", "album", "celeba_like"):
        request = PhotographRequest(name, people=1, views=4, resolution=20, seed=3)
        rows.append(np.concatenate(list(photograph(request, progress=False).image[0]), axis=1))
    assert np.abs(np.concatenate(rows) / 255 - expected).mean() < 0.005


def test_a_disguise_changes_hair_glasses_and_shirt_only(person: Person) -> None:
    disguised = draw_disguise(generator_of(2), person)
    assert disguised.shape is person.shape
    assert disguised.macro is person.macro
    for name in KEPT:
        assert getattr(disguised.face, name) is getattr(person.face, name), name
    for name in CHANGED:
        assert (getattr(disguised.face, name) != getattr(person.face, name)).all(), name
    assert (disguised.hair.colour != person.hair.colour).all()
    for name in ("length", "volume", "hairline", "parting", "fringe", "curl", "bald", "beard", "moustache"):
        assert getattr(disguised.hair, name) != getattr(person.hair, name), name


def test_glasses_are_worn_as_often_as_by_everybody(person: Person) -> None:
    people = [draw_normal_person(generator_of(seed))[1] for seed in range(500)]
    disguises = [draw_disguise(generator_of(1000 + seed), person) for seed in range(500)]
    usual, worn = (np.mean([someone.glasses.worn for someone in group]) for group in (people, disguises))
    assert 0.08 < usual < 0.25
    assert abs(worn - usual) < 0.07  # three standard deviations


def test_all_photographs_show_one_face_in_other_hair(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the front, in one light, only what belongs to the disguise changes."""
    still = Scenario("still", draw_normal_person, lambda rng, index: Shot(0.0, 0.0), draw_disguise)
    monkeypatch.setitem(SCENARIOS, "still", still)
    request = PhotographRequest("still", people=3, views=4, resolution=32)
    image = photograph(request, progress=False).image / 255
    spread = image.std(1).mean(-1)  # over the photographs of a person
    eye, nose, crown = spread[:, 16, 9:13], spread[:, 20, 14:18], spread[:, 2:6, 12:20]
    # Hair shades the eyes a little, and the rim of glasses may cross them.
    assert max(np.median(eye), nose.max()) < 0.01
    assert crown.mean((1, 2)).min() > 0.02


def test_first_views_do_not_depend_on_the_number_of_views() -> None:
    few, many = (
        photograph(
            PhotographRequest("wigs", people=people, views=views, resolution=24, first=first), progress=False
        ).image
        for people, views, first in ((1, 2, 7), (2, 5, 6))
    )
    np.testing.assert_array_equal(few[0], many[1, :2])
    assert (many[1] != many[0]).any()
