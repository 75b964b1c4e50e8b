"""Groups of people of the bundled generator, by their looks: is any group lost more often than the others?"""

import numpy as np

LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
"""Weights of red, green and blue (ITU-R BT.709)."""

SKIN_TERCILES = (0.556, 0.675)
"""Luminance of the skin that a third and two thirds of the parametric heads stay below."""

HAIR_MEDIAN = 0.177
"""Luminance of the hair that half of the parametric heads stay below."""

LENGTH_MEDIAN = 0.396
"""Length of the hair that half of the parametric heads stay below; 0 is short, 1 is below the shoulders."""

AGE_TERCILES = (-0.431, 0.431)
"""Terciles of one number of a normalised z, which sets the age."""


def groups_of(z: np.ndarray) -> dict[str, np.ndarray]:
    """Sort people of the bundled generator into groups of skin, sex, hair, glasses and age.

    The limits between groups are those of the whole population, so they do not depend on who is measured.
    The looks are those of the parametric head of the same z. The generator shows them approximately.

    Args:
      z: `[K, 64]`, the people, as `EvaluationSettings.random_people` draws them.

    Returns:
      Name of a group → `[K]`, True for its members. Each person is in one group of skin, sex, age, hair
      length, hair lightness and glasses.

    Raises:
      InputError: if z has another shape.
    """
    # Imported here, since only people of the bundled generator need it.
    from jaxunlearn.zoo.synthetic.person import MACRO, normalise, person_from_latent

    people = [person_from_latent(each) for each in np.asarray(z)]
    sliders = np.array([normalise(each)[: len(MACRO)] for each in np.asarray(z)]).reshape(-1, len(MACRO))
    male, age = sliders[:, MACRO.index("male")], sliders[:, MACRO.index("old")]
    skin = np.array([LUMINANCE @ person.face.skin for person in people])
    hair = np.array([LUMINANCE @ person.hair.colour for person in people])
    length = np.array([person.hair.length for person in people])
    glasses = np.array([person.glasses.worn for person in people], bool)
    return {
        **_terciles(skin, SKIN_TERCILES, ("dark skin", "middle skin", "light skin")),
        **_halves(male, 0, ("female", "male")),
        **_terciles(age, AGE_TERCILES, ("young", "middle-aged", "old")),
        **_halves(length, LENGTH_MEDIAN, ("short hair", "long hair")),
        **_halves(hair, HAIR_MEDIAN, ("dark hair", "light hair")),
        "glasses": glasses,
        "no glasses": ~glasses,
    }


def _halves(values: np.ndarray, limit: float, names: tuple[str, str]) -> dict[str, np.ndarray]:
    return {names[0]: values < limit, names[1]: values >= limit}


def _terciles(
    values: np.ndarray, limits: tuple[float, float], names: tuple[str, str, str]
) -> dict[str, np.ndarray]:
    third = np.digitize(values, limits)
    return {name: third == k for k, name in enumerate(names)}
