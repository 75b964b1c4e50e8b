"""Synthetic people: a deterministic, continuous function of a latent z [64] ~ N(0, I).

z is normalised as in EG3D's mapping network, so only its direction counts. Each number of the first half sets
one large trait or one detail of the looks. The second half sets the shape axes through a fixed sparse matrix.
Ancestry and gender are the crude sliders of the MakeHuman data. They make people look different and say
nothing about anybody real.
"""

import dataclasses
import functools

import numpy as np

from jaxunlearn.errors import InputError
from jaxunlearn.zoo.synthetic.anatomy import load_anatomy

LATENT_SIZE = 64
SHAPE_LIMIT = 1.7
"""Limit of shape coordinates, approached smoothly: beyond it the axes leave human proportions."""

MACRO = ("male", "old", "african", "asian", "weight", "muscle")
LOOKS = (
    "skin_tone", "skin_hue", "blush", "lip_shade", "hair_lightness", "hair_redness", "grey", "iris_blue",
    "iris_green", "hair_length", "hair_volume", "hairline", "parting", "fringe", "curl", "bald", "beard",
    "moustache", "brow_thickness", "brow_arch", "brow_tilt", "glasses", "glasses_shape", "glasses_size",
    "eye_opening", "shirt",
)  # fmt: skip
RESTING = {
    "mouthSmileLeft": 0.50, "mouthSmileRight": 0.50, "cheekSquintLeft": 0.15, "cheekSquintRight": 0.15,
    "browInnerUp": 0.12,
}  # fmt: skip
"""Expression of everybody's face at rest: without it the template looks grave."""
SHAPE_INPUTS = LATENT_SIZE - len(MACRO) - len(LOOKS)

GAINS = {
    "head": 0.26, "head/head-angle": 0.12, "head/head-age": 0.15, "head/head-fat": 0.22,
    "head/head-scale-vert": 0.16, "head/head-diamond": 0.16, "head/head-triangular": 0.18,
    "forehead": 0.16, "forehead/forehead-nubian": 0.08, "neck": 0.18, "neck/neck-double": 0.10,
    "nose": 0.36, "nose/nose-point-down|up": 0.20, "nose/nose-scale-depth": 0.24,
    "nose/nose-volume": 0.28, "nose/nose-septum": 0.20, "nose/nose-nostrils-angle": 0.22,
    "mouth": 0.42, "mouth/mouth-laugh-lines": 0.15, "mouth/mouth-trans-backward": 0.16,
    "mouth/mouth-trans-down": 0.30, "mouth/mouth-angles": 0.28, "mouth/mouth-scale-vert": 0.28,
    "mouth/mouth-lowerlip-height": 0.30, "eyes": 0.50, "eyes/eye-bag": 0.18, "eyes/eye-height": 0.34,
    "eyes/eye-spacing": 0.75, "chin": 0.36, "chin/chin-height": 0.24, "chin/chin-prognathism": 0.20,
    "chin/chin-cleft": 0.18, "chin/chin-prominent": 0.26, "cheek": 0.40, "cheek/cheek-inner": 0.18,
    "ears": 0.26, "eyebrows": 0.36,
}  # fmt: skip
"""Step of one standard deviation along the shape axes of a folder, in units of the full target. The last
matching entry counts."""

SKIN_TONES = np.array(
    [
        [0.91, 0.74, 0.66], [0.87, 0.68, 0.575], [0.80, 0.60, 0.48], [0.69, 0.49, 0.37], [0.54, 0.37, 0.28],
        [0.39, 0.27, 0.21],
    ]
)  # fmt: skip
"""Colours of skin from fair to dark, at even steps."""
MARKS = 12
"""Number of small traits of the skin that share the shape inputs: four, and eight moles."""
HAIR_PIGMENTS = np.array(
    [[0.07, 0.06, 0.06], [0.24, 0.15, 0.09], [0.46, 0.30, 0.16], [0.86, 0.70, 0.42], [0.62, 0.24, 0.09]]
)
GREY_HAIR = np.array([0.76, 0.75, 0.74])
IRIS_PIGMENTS = np.array([[0.30, 0.18, 0.10], [0.36, 0.54, 0.72], [0.38, 0.50, 0.34], [0.52, 0.36, 0.18]])
SHIRTS = np.array([[0.24, 0.30, 0.42], [0.50, 0.52, 0.55], [0.44, 0.22, 0.24], [0.22, 0.36, 0.30]])


@dataclasses.dataclass(frozen=True)
class Hair:
    """Head and face hair. Lengths in template units (decimetres).

    Attributes:
      colour: RGB in [0, 1].
      length: 0 (short) to 1 (below the shoulders).
      volume: thickness over the scalp.
      hairline: how far the hairline moves up in front; it moves twice as far at the temples.
      parting: -1 to 1, to which side the front is combed.
      fringe: 0 to 1, how far the front falls over the forehead.
      curl: 0 to 1.
      bald: 0 to 1, bareness of the crown.
      beard, moustache: opacity in [0, 1].
    """

    colour: np.ndarray
    length: float
    volume: float
    hairline: float
    parting: float
    fringe: float
    curl: float
    bald: float
    beard: float
    moustache: float


@dataclasses.dataclass(frozen=True)
class Face:
    """Colours (RGB in [0, 1]) and painted features of the face. Lengths in template units.

    Attributes:
      skin, lips, brows, iris, shirt: RGB in [0, 1].
      blush: redness of cheeks and nose, in [0, 1].
      brow_thickness, brow_arch, brow_tilt: see `paint.brows`.
      age: depth of the lines of the face, in [0, 1].
      freckles: in [0, 1].
      stubble: shadow of a shaved beard, in [0, 1].
      tired: shade under the eyes, in [0, 1].
      moles: [8] darkness at each place of `paint.marks.MOLES`, in [0, 1].
    """

    skin: np.ndarray
    lips: np.ndarray
    brows: np.ndarray
    iris: np.ndarray
    blush: float
    brow_thickness: float
    brow_arch: float
    brow_tilt: float
    shirt: np.ndarray
    age: float
    freckles: float
    stubble: float
    tired: float
    moles: np.ndarray


@dataclasses.dataclass(frozen=True)
class Glasses:
    """Glasses; `roundness` goes from 0 (square) to 1. `worn` is the only trait that jumps as z changes."""

    worn: bool
    roundness: float
    size: float
    colour: np.ndarray


@dataclasses.dataclass(frozen=True)
class Person:
    """Everything about a person that does not depend on pose, expression, light and camera.

    Attributes:
      shape: modifier name -> signed strength, in units of the full target.
      macro: macro target name -> weight.
      face, hair, glasses: the looks.
    """

    shape: dict[str, float]
    macro: dict[str, float]
    face: Face
    hair: Hair
    glasses: Glasses


def sigmoid(x: float) -> float:
    """Return the logistic function of x."""
    return float(1 / (1 + np.exp(-x)))


def softmax_mix(logits: list[float], colours: np.ndarray) -> np.ndarray:
    """Mix colours [n, 3] with softmax weights."""
    weights = np.exp(np.array(logits) - max(logits))
    return weights @ colours / weights.sum()


@functools.cache
def shape_matrix() -> np.ndarray:
    """Return the sparse matrix [modifiers, shape inputs]; its rows have unit length."""
    rng = np.random.default_rng(1234)
    size = len(load_anatomy().modifiers), SHAPE_INPUTS
    matrix = rng.standard_normal(size) * (rng.random(size) < 0.25)
    matrix[np.arange(size[0]), np.arange(size[0]) % size[1]] += 1
    return matrix / np.linalg.norm(matrix, axis=1, keepdims=True)


def gain_of(modifier: str) -> float:
    """Return the gain of a modifier such as `nose/nose-hump-decr|incr`."""
    return [gain for prefix, gain in GAINS.items() if modifier.startswith(prefix)][-1]


@functools.cache
def shape_gains() -> np.ndarray:
    """Return the gains [modifiers] of all modifiers."""
    return np.array([gain_of(name) for name in load_anatomy().modifiers])


def normalise(z: np.ndarray) -> np.ndarray:
    """Divide z by its root mean square, as the second-moment normalisation of EG3D's mapping does."""
    z = np.asarray(z, np.float64)
    return z / np.sqrt(np.mean(z**2) + 1e-8)


def macro_weights(
    male: float, old: float, ancestry: np.ndarray, weight: float, muscle: float
) -> dict[str, float]:
    """Return the weights of the macro targets.

    Args:
      male: 0 to 1.
      old: 0 to 1.
      ancestry: [3] shares of African, Asian and Caucasian; they add up to 1.
      weight: -1 to 1.
      muscle: -1 to 1.
    """
    weights = {}
    for gender, gender_weight in (("male", male), ("female", 1 - male)):
        for age, age_weight in (("old", old), ("young", 1 - old)):
            share = gender_weight * age_weight
            for origin, origin_weight in zip(("african", "asian", "caucasian"), ancestry, strict=True):
                weights[f"{origin}-{gender}-{age}"] = share * float(origin_weight)
            for muscle_name, muscle_weight in levels("muscle", muscle):
                for weight_name, weight_weight in levels("weight", weight):
                    name = f"universal-{gender}-{age}-{muscle_name}-{weight_name}"
                    weights[name] = share * muscle_weight * weight_weight
    return weights


def levels(name: str, value: float) -> tuple[tuple[str, float], ...]:
    """Split a value in [-1, 1] into weights of the targets `min...`, `average...` and `max...`."""
    return (
        (f"max{name}", max(value, 0.0)),
        (f"min{name}", max(-value, 0.0)),
        (f"average{name}", 1 - abs(value)),
    )


def person_from_latent(z: np.ndarray) -> Person:
    """Build the person of a latent z [64].

    Raises:
      InputError: if z has another shape.
    """
    if np.shape(z) != (LATENT_SIZE,):
        raise InputError(f"a person's latent has shape ({LATENT_SIZE},), not {np.shape(z)}")
    latent = normalise(z)
    macro: dict[str, float] = dict(zip(MACRO, latent.tolist(), strict=False))
    looks: dict[str, float] = dict(zip(LOOKS, latent[len(MACRO) :].tolist(), strict=False))
    shape_inputs = latent[-SHAPE_INPUTS:]

    male = sigmoid(3.5 * macro["male"])
    old = 0.9 * sigmoid(2.0 * macro["old"] - 1.6)
    ancestry = np.exp(1.6 * np.array([macro["african"], macro["asian"], 0.0]))
    ancestry /= ancestry.sum()

    names = list(load_anatomy().modifiers)
    strengths = SHAPE_LIMIT * np.tanh(shape_matrix() @ shape_inputs / SHAPE_LIMIT)
    strengths *= shape_gains()
    shape = dict(zip(names, strengths.tolist(), strict=True))
    # Eyes are a little larger than the average, because they matter most in small images of faces.
    for name, gain in (("eyes/eye-height2-decr|incr", 0.25), ("eyes/eye-scale-decr|incr", 0.2)):
        shape[name] += 0.5 + gain * looks["eye_opening"]
    # The template's mouth is small and grave.
    shape["mouth/mouth-scale-horiz-decr|incr"] += 0.35
    shape["mouth/mouth-angles-down|up"] += 0.2

    hair_colour = hair_colour_of(ancestry, old, looks)
    return Person(
        shape=shape,
        macro=macro_weights(
            male,
            old,
            ancestry,
            weight=float(np.clip(0.4 * macro["weight"], -1, 1)),
            muscle=float(np.clip(0.35 * macro["muscle"], -1, 1)),
        ),
        face=face_of(male, old, ancestry, hair_colour, looks, marks_matrix() @ shape_inputs),
        hair=hair_of(male, old, ancestry, hair_colour, looks),
        glasses=Glasses(
            worn=looks["glasses"] > 1.05,
            roundness=sigmoid(1.8 * looks["glasses_shape"]),
            size=1 + 0.10 * np.tanh(looks["glasses_size"]),
            colour=softmax_mix(
                [1.0, 2.0 * looks["glasses_size"], 2.0 * looks["glasses_shape"] - 1],
                np.array([[0.05, 0.05, 0.06], [0.30, 0.16, 0.08], [0.10, 0.12, 0.30]]),
            ),
        ),
    )


def hair_colour_of(ancestry: np.ndarray, old: float, looks: dict[str, float]) -> np.ndarray:
    """Return the RGB colour of head hair and beard; brows are darker."""
    african, asian, caucasian = ancestry
    logits = [
        2 * (2.4 * african + 1.5 * asian + 0.4),
        1.8,
        2 * (0.6 + 0.3 * looks["hair_lightness"]),
        2 * (0.9 * caucasian + 1.1 * looks["hair_lightness"]),
        2 * (0.2 * caucasian + 0.9 * looks["hair_redness"] - 0.7),
    ]
    grey = sigmoid(3 * (old - 0.45) + 1.2 * looks["grey"] - 1.0) * old
    return (1 - grey) * softmax_mix(logits, HAIR_PIGMENTS) + grey * GREY_HAIR


@functools.cache
def marks_matrix() -> np.ndarray:
    """Return the matrix [MARKS, shape inputs] of the small traits of the skin; its rows are orthonormal."""
    rng = np.random.default_rng(4321)
    return np.linalg.qr(rng.standard_normal((SHAPE_INPUTS, MARKS)))[0].T


def skin_of(ancestry: np.ndarray, looks: dict[str, float]) -> tuple[np.ndarray, float]:
    """Return the RGB colour of the skin and its darkness in [0, 1]."""
    african, asian, _ = ancestry
    level = 3.2 * african + 0.2 * asian - 1.5 + 0.75 * looks["skin_tone"]
    darkness = sigmoid(level)
    place = darkness * (len(SKIN_TONES) - 1)
    tone = np.array([np.interp(place, np.arange(len(SKIN_TONES)), channel) for channel in SKIN_TONES.T])
    hue = np.tanh(0.7 * looks["skin_hue"])  # from pink to olive
    return np.clip(tone * (1 + hue * np.array([-0.008, 0.018, -0.022])), 0.05, 1), darkness


def face_of(
    male: float,
    old: float,
    ancestry: np.ndarray,
    hair_colour: np.ndarray,
    looks: dict[str, float],
    marks: np.ndarray,
) -> Face:
    """Build the colours of the face, its brows and its marks; `marks` [MARKS] are normal numbers."""
    african, asian, caucasian = ancestry
    skin, darkness = skin_of(ancestry, looks)
    fair = 1 - darkness
    natural = skin * [0.89, 0.71, 0.72] + (np.array([0.72, 0.46, 0.45]) - skin) * 0.10
    lipstick = (1 - male) * sigmoid(1.8 * looks["lip_shade"] - 1.2)
    rose = sigmoid(2.0 * looks["blush"])
    paint = skin * (rose * np.array([0.80, 0.46, 0.54]) + (1 - rose) * np.array([0.80, 0.38, 0.36]))
    lips = natural + 0.85 * lipstick * (paint - natural)
    iris = softmax_mix(
        [
            2 * (2 * african + 2 * asian),
            3 * looks["iris_blue"] * caucasian,
            3 * looks["iris_green"] * caucasian - 0.4,
            0.8 * looks["iris_blue"],
        ],
        IRIS_PIGMENTS,
    )
    brow_thickness = 0.046 + 0.018 * (male - 0.5) + 0.009 * looks["brow_thickness"]
    lines = sigmoid(7.0 * (old - 0.55) + 0.6 * marks[0])
    return Face(
        skin=skin,
        lips=lips,
        brows=0.62 * hair_colour + 0.10 * skin,
        iris=iris,
        blush=0.75 * sigmoid(1.2 * looks["blush"] - 0.4),
        brow_thickness=float(np.clip(brow_thickness, 0.028, 0.08)),
        brow_arch=0.034 + 0.018 * looks["brow_arch"],
        brow_tilt=-0.012 + 0.014 * looks["brow_tilt"],
        shirt=softmax_mix((4 * looks["shirt"] * np.array([-1.0, -0.3, 0.3, 1.0])).tolist(), SHIRTS),
        age=lines,
        freckles=sigmoid(2.2 * marks[1] + 1.0 * looks["hair_redness"] - 2.2) * (0.25 + 0.75 * fair),
        stubble=male * sigmoid(1.5 * marks[2] + 0.2),
        tired=sigmoid(1.2 * marks[3] + 1.5 * (old - 0.4)),
        moles=np.array([sigmoid(4.0 * (mark - 1.9)) for mark in marks[4:]]),
    )


def hair_of(
    male: float, old: float, ancestry: np.ndarray, colour: np.ndarray, looks: dict[str, float]
) -> Hair:
    """Build hairdo, baldness and beard."""
    bald = sigmoid(5 * (male - 0.5) + 2.5 * looks["bald"] + 2.0 * old - 5.4)
    facial = 8 * (male - 0.85)
    african, asian, _ = ancestry
    curl = sigmoid(2.6 * looks["curl"] - 2.2 + 2.6 * african - 1.2 * asian)
    fullness = sigmoid(1.2 * looks["hair_volume"])
    return Hair(
        colour=colour,
        length=sigmoid(2.0 * looks["hair_length"] - 0.3 - 4.4 * (male - 0.5)) * (1 - 0.8 * bald),
        volume=0.09 + 0.16 * fullness * (1 - 0.35 * male) + 0.20 * curl * fullness,
        hairline=0.08 * np.tanh(looks["hairline"]) + 0.16 * male * old,
        parting=float(np.tanh(1.2 * looks["parting"])),
        fringe=sigmoid(2.6 * looks["fringe"] - 2.0 - 0.8 * male) * (1 - bald) ** 4,
        curl=curl,
        bald=bald,
        beard=sigmoid(facial + 3.0 * looks["beard"] - 2.8),
        moustache=sigmoid(facial + 2.0 * looks["beard"] + 2.2 * looks["moustache"] - 3.0),
    )


def with_hair(person: Person, donor: Person) -> Person:
    """Return the person with the donor's hair, beard, and colour of the brows."""
    face = dataclasses.replace(person.face, brows=donor.face.brows)
    return dataclasses.replace(person, hair=donor.hair, face=face)


def with_skin(person: Person, donor: Person) -> Person:
    """Return the person with the donor's skin, lips, blush, freckles, moles and shade under the eyes."""
    other = donor.face
    face = dataclasses.replace(
        person.face,
        skin=other.skin,
        lips=other.lips,
        blush=other.blush,
        freckles=other.freckles,
        tired=other.tired,
        moles=other.moles,
    )
    return dataclasses.replace(person, face=face)


def with_glasses(person: Person, donor: Person) -> Person:
    """Return the person with the donor's glasses, or without glasses if the donor wears none."""
    return dataclasses.replace(person, glasses=donor.glasses)


def with_shape(person: Person, donor: Person) -> Person:
    """Return the person with the donor's shape of head and features; colours and hair stay."""
    return dataclasses.replace(person, shape=donor.shape, macro=donor.macro)
