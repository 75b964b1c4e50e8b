"""How much of who somebody is, to a network, are hair, skin and glasses, and how much the head's shape.

Each part is once taken from somebody else, which tells how much the network minds, and once made equal for
everybody, which tells how well it does without. `N` people, `V` photographs of each, `R` pixels a side.
"""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from jaxunlearn.images import grid
from jaxunlearn.zoo.synthetic.geometry import build_head
from jaxunlearn.zoo.synthetic.person import Person
from jaxunlearn.zoo.synthetic.render import PLAIN_BACKGROUND, render
from jaxunlearn.zoo.synthetic.scenarios import SCENARIOS, Shot
from jaxunlearn.zoo.training.identity_metrics import Verification, cosines_of_pairs, verify

WHITE = (1.0, 1.0, 1.0)

Embed = Callable[[np.ndarray], np.ndarray]
"""Images `[N, V, R, R, 3]` uint8 → embeddings `[N, V, E]`."""


def with_hair(person: Person, donor: Person) -> Person:
    """Head and face hair, and the colour of the brows."""
    face = dataclasses.replace(person.face, brows=donor.face.brows)
    return dataclasses.replace(person, hair=donor.hair, face=face)


def with_skin(person: Person, donor: Person) -> Person:
    """Skin, lips and blush."""
    other = donor.face
    face = dataclasses.replace(person.face, skin=other.skin, lips=other.lips, blush=other.blush)
    return dataclasses.replace(person, face=face)


def with_glasses(person: Person, donor: Person) -> Person:
    """Whether glasses are worn, and which."""
    return dataclasses.replace(person, glasses=donor.glasses)


def with_all_three(person: Person, donor: Person) -> Person:
    """Hair, skin and glasses."""
    return with_glasses(with_skin(with_hair(person, donor), donor), donor)


def with_shape(person: Person, donor: Person) -> Person:
    """The shape of head and features; all looks stay."""
    return dataclasses.replace(person, shape=donor.shape, macro=donor.macro)


def unchanged(person: Person, donor: Person) -> Person:
    """The person."""
    del donor
    return person


PARTS: dict[str, Callable[[Person, Person], Person]] = {
    "nothing": unchanged,
    "hair": with_hair,
    "skin": with_skin,
    "glasses": with_glasses,
    "hair, skin and glasses": with_all_three,
    "shape of the head": with_shape,
}
"""What is taken from a donor."""


class Ablation(NamedTuple):
    """What becomes of a network when a part does.

    Attributes:
      cosine: mean between a person and the same person with somebody else's part, in other photographs.
      accepted: how often the two count as one person, at the threshold of the people as they are.
      equal: verification of people who all have the same part.
    """

    cosine: float
    accepted: float
    equal: Verification


def other_glasses(person: Person, donor: Person) -> Person:
    """The donor, who wears glasses if and only if the person does not."""
    glasses = dataclasses.replace(donor.glasses, worn=not person.glasses.worn)
    return dataclasses.replace(donor, glasses=glasses)


def donors_of(people: Sequence[Person]) -> list[Person]:
    """Whose parts each person takes."""
    return [other_glasses(person, people[i - 1]) for i, person in enumerate(people)]


def photographs(
    people: Sequence[Person], *, views: int, resolution: int, seed: int, first: int = 0
) -> np.ndarray:
    """Images `[N, V, R, R, 3]` uint8 in the circumstances of `identity`, on white where those are plain.

    Args:
      people: who.
      views: `V`.
      resolution: `R`.
      seed: of the circumstances.
      first: number of the first view; other views are other circumstances.
    """
    draw = SCENARIOS["identity"].draw_shot

    def shoot(person: Person, shot: Shot) -> np.ndarray:
        background = WHITE if shot.background == PLAIN_BACKGROUND else shot.background
        head = build_head(person, shot.expression)
        image = render(head, shot.camera, resolution, shot.light, background).image
        return np.round(image * 255).astype(np.uint8)

    def shots(number: int) -> list[Shot]:
        return [
            draw(np.random.Generator(np.random.PCG64([seed, number, index])), index)
            for index in range(first, first + views)
        ]

    return np.array([[shoot(person, shot) for shot in shots(number)] for number, person in enumerate(people)])


def ablate(
    embed: Embed, people: Sequence[Person], *, views: int, resolution: int, seed: int = 0
) -> dict[str, Ablation]:
    """Figures of each of `PARTS`.

    Args:
      embed: the network.
      people: who; each takes the part of the one before.
      views: photographs of each, before and after.
      resolution: pixels along each side.
      seed: of the circumstances.
    """
    shoot = functools.partial(photographs, views=views, resolution=resolution, seed=seed)
    before = embed(shoot(people))
    threshold = verify(before).threshold
    donors = donors_of(people)
    everybody = dataclasses.replace(people[0], glasses=dataclasses.replace(people[0].glasses, worn=False))
    figures = {}
    for name, take in PARTS.items():
        changed = [take(person, donor) for person, donor in zip(people, donors, strict=True)]
        same, _ = cosines_of_pairs(before, embed(shoot(changed, first=views)))
        alike = [take(person, everybody) for person in people]
        figures[name] = Ablation(
            cosine=float(same.mean()),
            accepted=float((same > threshold).mean()),
            equal=verify(embed(shoot(alike))),
        )
    return figures


def picture(people: Sequence[Person], *, views: int, resolution: int, seed: int = 0) -> np.ndarray:
    """One row for each of `PARTS`, in which everybody has somebody else's; uint8."""
    donors = donors_of(people)
    rows = [
        photographs(
            [take(person, donor) for person, donor in zip(people, donors, strict=True)],
            views=views,
            resolution=resolution,
            seed=seed,
        )
        for take in PARTS.values()
    ]
    return grid(np.concatenate(rows).reshape(-1, resolution, resolution, 3), len(people) * views)
