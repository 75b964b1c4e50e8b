"""People get parts of other people, one at a time, and the judge notices."""

import functools

import numpy as np
import pytest

from jaxunlearn.models.identity import load_identity
from jaxunlearn.zoo.metrics import identity_ablation as ablation
from jaxunlearn.zoo.metrics.identity_metrics import cosines_of_pairs, embed_photographs
from jaxunlearn.zoo.synthetic.person import LATENT_SIZE, Person, person_from_latent


@pytest.fixture(scope="module")
def people() -> list[Person]:
    rng = np.random.default_rng(5)
    return [person_from_latent(z) for z in rng.standard_normal((6, LATENT_SIZE))]


@pytest.mark.parametrize(
    ("part", "changed"),
    [
        ("nothing", set()),
        ("hair", {"hair", "face"}),
        ("skin", {"face"}),
        ("glasses", {"glasses"}),
        ("hair, skin and glasses", {"hair", "face", "glasses"}),
        ("shape of the head", {"shape", "macro"}),
    ],
)
def test_a_part_and_nothing_else_is_taken(people: list[Person], part: str, changed: set[str]) -> None:
    person, donor = people[0], people[1]
    mixed = ablation.PARTS[part](person, donor)
    for name in ("shape", "macro", "face", "hair", "glasses"):
        assert (getattr(mixed, name) is not getattr(person, name)) == (name in changed), name
    assert mixed.face.iris is person.face.iris


def test_glasses_are_put_on_or_taken_off(people: list[Person]) -> None:
    for person, donor in zip(people, ablation.donors_of(people), strict=True):
        assert donor.glasses.worn != person.glasses.worn


def test_the_judge_minds_hair_and_not_other_circumstances(people: list[Person]) -> None:
    embed = functools.partial(embed_photographs, load_identity("heads-judge"))
    figures = ablation.ablate(embed, people, views=2, resolution=64)
    assert figures["nothing"].cosine > 0.8
    assert figures["nothing"].accepted > 0.9
    assert figures["hair"].cosine < figures["nothing"].cosine - 0.2
    assert figures["hair, skin and glasses"].equal.different > figures["nothing"].equal.different + 0.2


def test_the_face_judge_minds_the_face_and_not_the_hair(people: list[Person]) -> None:
    face_judge = load_identity("heads-face-judge")
    before = embed_photographs(face_judge, ablation.photographs(people, views=2, resolution=64, seed=0))
    donors = ablation.donors_of(people)

    def cosine(part: str) -> float:
        take = ablation.PARTS[part]
        changed = [take(person, donor) for person, donor in zip(people, donors, strict=True)]
        after = ablation.photographs(changed, views=2, resolution=64, seed=0, first=2)
        return float(cosines_of_pairs(before, embed_photographs(face_judge, after))[0].mean())

    assert cosine("hair") > 0.75
    assert cosine("glasses") > 0.75
    assert cosine("shape of the head") < 0.65


def test_the_picture_has_a_row_for_every_part(people: list[Person]) -> None:
    image = ablation.picture(people[:2], views=2, resolution=32)
    assert image.shape == (32 * len(ablation.PARTS), 32 * 4, 3)
    assert (image[:32] != image[32:64]).any()
