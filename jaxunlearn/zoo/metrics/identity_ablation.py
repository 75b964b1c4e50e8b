"""How much hair, skin and glasses count for an identity network, and how much the shape of the head.

In a first test each person gets another person's part. It shows how much the network depends on the part.
In a second test everybody has the same part. It shows how well the network does without it.
`N` people, `V` photographs of each, `R` pixels a side, `E` numbers of an embedding.
"""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from jaxunlearn.images import grid
from jaxunlearn.zoo.metrics.identity_metrics import Verification, cosines_of_pairs, verify
from jaxunlearn.zoo.synthetic.geometry import build_head
from jaxunlearn.zoo.synthetic.person import (
    Person,
    person_from_latent,
    with_glasses,
    with_hair,
    with_shape,
    with_skin,
)
from jaxunlearn.zoo.synthetic.photographs import HELD_OUT_FIRST, PhotographRequest, photograph
from jaxunlearn.zoo.synthetic.render import PLAIN_BACKGROUND, render
from jaxunlearn.zoo.synthetic.scenarios import SCENARIOS, Shot

WHITE = (1.0, 1.0, 1.0)

Embed = Callable[[np.ndarray], np.ndarray]
"""Images `[N, V, R, R, 3]` uint8 → embeddings `[N, V, E]`."""


def with_all_three(person: Person, donor: Person) -> Person:
    """Return the person with the donor's hair, skin and glasses."""
    return with_glasses(with_skin(with_hair(person, donor), donor), donor)


def unchanged(person: Person, donor: Person) -> Person:
    """Return the person."""
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
"""Name of a part → function from person and donor to the person with the donor's part."""


class Ablation(NamedTuple):
    """Figures of a network for one part.

    Attributes:
      cosine: mean between photographs of a person and photographs of the same person with another one's part.
      accepted: how often the two count as one person, at the threshold of the unchanged people.
      equal: verification of people who all have the same part.
    """

    cosine: float
    accepted: float
    equal: Verification


def held_out_people(count: int, *, seed: int) -> list[Person]:
    """Return the first people that no network was trained on."""
    request = PhotographRequest(
        "generator", people=count, views=1, resolution=8, seed=seed, first=HELD_OUT_FIRST
    )
    return [person_from_latent(z) for z in photograph(request, progress=False).z]


def other_glasses(person: Person, donor: Person) -> Person:
    """Return the donor, wearing glasses if and only if the person does not."""
    glasses = dataclasses.replace(donor.glasses, worn=not person.glasses.worn)
    return dataclasses.replace(donor, glasses=glasses)


def donors_of(people: Sequence[Person]) -> list[Person]:
    """Return a donor for each person: the one before, with the other kind of glasses."""
    return [other_glasses(person, people[i - 1]) for i, person in enumerate(people)]


def photographs(
    people: Sequence[Person], *, views: int, resolution: int, seed: int, first: int = 0
) -> np.ndarray:
    """Photograph people as the scenario `identity` does; plain backgrounds are white.

    Args:
      people: who is photographed.
      views: `V`.
      resolution: `R`.
      seed: seed of camera, expression and light.
      first: number of the first view; each view has its own camera, expression and light.

    Returns:
      `[N, V, R, R, 3]` uint8.
    """
    draw = SCENARIOS["identity"].draw_shot

    def shoot(person: Person, shot: Shot) -> np.ndarray:
        background = WHITE if shot.background == PLAIN_BACKGROUND else shot.background
        head = build_head(person, shot.expression)
        return render(head, shot.camera, resolution, shot.light, background).levels

    def shots(number: int) -> list[Shot]:
        return [
            draw(np.random.default_rng([seed, number, index]), index) for index in range(first, first + views)
        ]

    return np.array([[shoot(person, shot) for shot in shots(number)] for number, person in enumerate(people)])


def ablate(
    embed: Embed, people: Sequence[Person], *, views: int, resolution: int, seed: int = 0
) -> dict[str, Ablation]:
    """Return the figures of each of `PARTS`.

    Args:
      embed: the network.
      people: who is changed; each takes the part of the person before.
      views: photographs of each person, before and after.
      resolution: pixels along each side.
      seed: seed of camera, expression and light.
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
    """Draw a row for each of `PARTS`, everybody with another person's part: `[H, W, 3]` uint8."""
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
