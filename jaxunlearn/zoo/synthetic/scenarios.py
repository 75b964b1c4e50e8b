"""Scenarios of photographs: distributions of people, poses, expressions and light.

| scenario      | people                      | pose          | expression | light, background     |
| ------------- | --------------------------- | ------------- | ---------- | --------------------- |
| `generator`   | z ~ N(0, I)                 | yaw up to 0.7 | none       | fixed portrait light  |
| `identity`    | z ~ N(0, I)                 | yaw up to 0.6 | every 2nd  | varied                |
| `album`       | z ~ N(0, I)                 | yaw up to 0.5 | most       | slightly varied       |
| `celeba_like` | other hair, many in glasses | yaw up to 0.7 | all        | coloured, hard, plain |
| `wigs`        | z ~ N(0, I), disguised      | yaw up to 0.6 | every 2nd  | varied                |

The first three are in the domain of a generator that was trained on the first. The others are not. In every
photograph of `wigs` the person has the hair, glasses and shirt of somebody else.
"""

import dataclasses
from collections.abc import Callable

import numpy as np

from jaxunlearn.zoo.synthetic.cameras import look_at
from jaxunlearn.zoo.synthetic.light.harmonics import surroundings
from jaxunlearn.zoo.synthetic.light.lighting import Light, surrounding_light
from jaxunlearn.zoo.synthetic.person import (
    LATENT_SIZE,
    LOOKS,
    MACRO,
    Person,
    person_from_latent,
    with_glasses,
    with_hair,
)
from jaxunlearn.zoo.synthetic.render import PLAIN_BACKGROUND


@dataclasses.dataclass(frozen=True)
class Shot:
    """Camera, expression, light and background of one photograph.

    Attributes:
      yaw, pitch: radians from the frontal view, as for `cameras.look_at`.
      expression: name -> strength.
      light: see `Light`.
      background: RGB in [0, 1].
    """

    yaw: float
    pitch: float
    expression: dict[str, float] = dataclasses.field(default_factory=dict)
    light: Light = dataclasses.field(default_factory=Light)
    background: tuple[float, float, float] = PLAIN_BACKGROUND

    @property
    def camera(self) -> np.ndarray:
        """The camera `c` [25]."""
        return look_at(self.yaw, self.pitch)


@dataclasses.dataclass(frozen=True)
class Scenario:
    """A distribution of people and shots.

    Attributes:
      name: name in the table above.
      draw_person: random generator -> (latent [64], person).
      draw_shot: random generator, number of the shot -> shot.
      draw_disguise: random generator, person -> the person as dressed for one photograph; called after
        `draw_shot` with the same generator. By default it is the person.
    """

    name: str
    draw_person: Callable[[np.random.Generator], tuple[np.ndarray, Person]]
    draw_shot: Callable[[np.random.Generator, int], Shot]
    draw_disguise: Callable[[np.random.Generator, Person], Person] = lambda rng, person: person


PLAIN_EVERY = 4
"""One in four photographs of `identity` and `wigs`, beginning with the first, is taken as in `generator`."""

MOODS = (
    {"mouthSmileLeft": 0.8, "mouthSmileRight": 0.8, "cheekSquintLeft": 0.4, "cheekSquintRight": 0.4},
    {
        "mouthSmileLeft": 0.7,
        "mouthSmileRight": 0.7,
        "jawOpen": 0.25,
        "mouthUpperUpLeft": 0.4,
        "mouthUpperUpRight": 0.4,
    },
    {"jawOpen": 0.45, "browInnerUp": 0.8, "eyeWideLeft": 0.7, "eyeWideRight": 0.7},
    {"browDownLeft": 0.8, "browDownRight": 0.8, "mouthPressLeft": 0.5, "mouthPressRight": 0.5},
    {"mouthFrownLeft": 0.8, "mouthFrownRight": 0.8, "browInnerUp": 0.6},
    {"mouthPucker": 0.7, "eyeSquintLeft": 0.4, "eyeSquintRight": 0.4},
    {"eyeSquintLeft": 0.8, "eyeSquintRight": 0.8, "mouthSmileLeft": 0.4, "mouthSmileRight": 0.4},
)


def draw_expression(rng: np.random.Generator, strongest: float) -> dict[str, float]:
    """Draw a mood of random strength."""
    strength = rng.uniform(0.3, 1.0) * strongest
    return {name: value * strength for name, value in MOODS[rng.integers(len(MOODS))].items()}


def draw_colour(rng: np.random.Generator, low: float, high: float) -> tuple[float, float, float]:
    """Draw RGB between `low` and `high`, half-way from a random colour to a random grey."""
    red, green, blue = ((rng.uniform(low, high, 3) + rng.uniform(low, high)) / 2).tolist()
    return red, green, blue


def draw_light(
    rng: np.random.Generator, sideways: float, gain: tuple[float, float], colour: float, hard: float
) -> Light:
    """Draw real surroundings, turned at random, and a lamp.

    Args:
      rng: source of the choices.
      sideways: standard deviation of the lamp's direction to the side, in units of its distance.
      gain: range of the brightness of all light.
      colour: strength of the tints of surroundings and lamp, in [0, 1].
      hard: largest share of the light that comes from the lamp, in [0, 1].
    """
    brightness = rng.uniform(*gain)
    share = rng.uniform(0.35 * hard, hard)
    soft = 1.05 * brightness * (1 - 0.62 * share)
    names = sorted(surroundings())
    around = surrounding_light(
        names[rng.integers(len(names))],
        angle=rng.uniform(-np.pi, np.pi),
        strength=(soft, soft, soft),
        colour=rng.uniform(0, colour),
    )
    red, green, blue = 1.15 * brightness * share * (1 + 0.5 * colour * rng.uniform(-1, 1, 3))
    return Light(
        around=around,
        direction=(sideways * rng.standard_normal(), 0.45 + 0.35 * rng.standard_normal(), 0.85),
        lamp=(float(red), float(green), float(blue)),
    )


def draw_pitch(rng: np.random.Generator) -> float:
    """Draw a pitch in radians, mostly near the frontal height."""
    return float(np.clip(0.15 * rng.standard_normal(), -0.35, 0.35))


def draw_normal_person(rng: np.random.Generator) -> tuple[np.ndarray, Person]:
    """Draw z ~ N(0, I) and its person."""
    z = rng.standard_normal(LATENT_SIZE).astype(np.float32)
    return z, person_from_latent(z)


def draw_celeba_like_person(rng: np.random.Generator) -> tuple[np.ndarray, Person]:
    """Draw a person with lighter, longer and curlier hair, sometimes dyed, and often with glasses."""
    z = rng.standard_normal(LATENT_SIZE).astype(np.float32)
    first_look = len(MACRO)

    def shift(look: str, by: float) -> None:
        z[first_look + LOOKS.index(look)] += np.float32(by)

    shift("glasses", 1.05)
    shift("hair_lightness", 1.2)
    shift("hair_length", 0.8)
    shift("curl", 1.0)
    shift("lip_shade", 1.0)
    person = person_from_latent(z)
    if rng.random() < 0.3:
        dyed = dataclasses.replace(person.hair, colour=rng.uniform(0.15, 0.75, 3))
        person = dataclasses.replace(person, hair=dyed)
    return z, person


def draw_generator_shot(rng: np.random.Generator, index: int) -> Shot:
    """Draw a shot in fixed light without expression: a view-independent radiance field can reproduce it."""
    del index
    spread = rng.random() < 0.5
    yaw = rng.uniform(-0.6, 0.6) if spread else np.clip(0.3 * rng.standard_normal(), -0.7, 0.7)
    return Shot(yaw=float(yaw), pitch=draw_pitch(rng))


def draw_identity_shot(rng: np.random.Generator, index: int) -> Shot:
    """Draw a shot with random expression, light and background; one in `PLAIN_EVERY` is plain."""
    yaw, pitch = float(rng.uniform(-0.6, 0.6)), draw_pitch(rng)
    if index % PLAIN_EVERY == 0:
        return Shot(yaw=yaw, pitch=pitch)
    return Shot(
        yaw=yaw,
        pitch=pitch,
        expression=draw_expression(rng, 0.9) if index % 2 else {},
        light=draw_light(rng, sideways=0.6, gain=(0.72, 1.18), colour=0.35, hard=0.75),
        background=draw_colour(rng, 0.2, 1.0),
    )


def draw_disguise(rng: np.random.Generator, person: Person) -> Person:
    """Dress a person as somebody else: hair, beard, colour of the brows, glasses or none, and shirt."""
    _, donor = draw_normal_person(rng)
    disguised = with_glasses(with_hair(person, donor), donor)
    face = dataclasses.replace(disguised.face, shirt=donor.face.shirt)
    return dataclasses.replace(disguised, face=face)


def draw_album_shot(rng: np.random.Generator, index: int) -> Shot:
    """Draw a shot as on different days; the first is a neutral portrait."""
    if index == 0:
        return Shot(yaw=float(0.1 * rng.standard_normal()), pitch=0.0)
    return Shot(
        yaw=float(rng.uniform(-0.5, 0.5)),
        pitch=draw_pitch(rng),
        expression=draw_expression(rng, 0.7) if rng.random() < 0.7 else {},
        light=draw_light(rng, sideways=0.4, gain=(0.85, 1.08), colour=0.25, hard=0.6),
    )


def draw_celeba_like_shot(rng: np.random.Generator, index: int) -> Shot:
    """Draw a shot with strong expression, hard and coloured light, and coloured background."""
    del index
    return Shot(
        yaw=float(rng.uniform(-0.7, 0.7)),
        pitch=draw_pitch(rng),
        expression=draw_expression(rng, 1.0),
        light=draw_light(rng, sideways=0.9, gain=(0.75, 1.2), colour=0.6, hard=0.95),
        background=draw_colour(rng, 0.05, 0.9),
    )


SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("generator", draw_normal_person, draw_generator_shot),
        Scenario("identity", draw_normal_person, draw_identity_shot),
        Scenario("album", draw_normal_person, draw_album_shot),
        Scenario("celeba_like", draw_celeba_like_person, draw_celeba_like_shot),
        Scenario("wigs", draw_normal_person, draw_identity_shot, draw_disguise),
    )
}
