"""Groups of people of the bundled generator: by skin, sex, age, hair and glasses."""

import numpy as np
import pytest

from jaxunlearn.errors import InputError
from jaxunlearn.evaluation.bundled_people.groups import groups_of
from jaxunlearn.zoo.synthetic.person import person_from_latent
from tests.support.tiny_models import tiny_models

PEOPLE = 1500
KINDS = {
    ("dark skin", "middle skin", "light skin"): (1 / 3, 1 / 3, 1 / 3),
    ("female", "male"): (0.5, 0.5),
    ("young", "middle-aged", "old"): (1 / 3, 1 / 3, 1 / 3),
    ("short hair", "long hair"): (0.5, 0.5),
    ("dark hair", "light hair"): (0.5, 0.5),
    ("glasses", "no glasses"): (0.149, 0.851),
}


@pytest.fixture(scope="module")
def z() -> np.ndarray:
    return np.random.default_rng(7).standard_normal((PEOPLE, 64))


@pytest.fixture(scope="module")
def groups(z) -> dict[str, np.ndarray]:
    return groups_of(z)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind[0])
def test_everybody_is_in_one_group_of_each_kind(groups, kind):
    """The shares are those of the population, within four standard errors."""
    members = np.stack([groups[name] for name in kind])
    np.testing.assert_array_equal(members.sum(axis=0), 1)
    shares = np.array(KINDS[kind])
    assert (np.abs(members.mean(axis=1) - shares) < 4 * np.sqrt(shares * (1 - shares) / PEOPLE)).all()


def test_groups_are_what_their_names_say(z, groups):
    people = [person_from_latent(each) for each in z]

    def mean(name: str, look) -> float:
        return float(
            np.mean([look(person) for person, member in zip(people, groups[name], strict=True) if member])
        )

    def skin(person):
        return person.face.skin.mean()

    def hair(person):
        return person.hair.colour.mean()

    def beard(person):
        return person.hair.beard

    def age(person):
        return sum(weight for name, weight in person.macro.items() if name.startswith("universal-female-old"))

    assert mean("dark skin", skin) < mean("middle skin", skin) < mean("light skin", skin)
    assert mean("dark hair", hair) < mean("light hair", hair)
    assert mean("short hair", lambda person: person.hair.length) < 0.3
    assert mean("long hair", lambda person: person.hair.length) > 0.7
    assert mean("female", beard) < mean("male", beard)
    assert mean("young", age) < mean("middle-aged", age) < mean("old", age)
    assert mean("glasses", lambda person: person.glasses.worn) == 1


def test_length_of_z_does_not_count(z, groups):
    for name, members in groups_of(3 * z[:50]).items():
        np.testing.assert_array_equal(members, groups[name][:50], err_msg=name)


def test_only_the_bundled_generator_has_groups():
    assert not tiny_models().is_bundled
    with pytest.raises(InputError, match="a person's latent has shape"):
        groups_of(np.zeros((2, 3)))
