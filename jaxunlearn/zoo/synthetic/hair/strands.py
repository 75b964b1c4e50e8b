"""Patterns of hair: strands of other tone, locks, and the ragged ends of a hairdo.

All are functions of two coordinates on the surface of the hair. `across` is constant along a strand, in
radians, and `along` is the distance from the parting. Their finest wave is a few pixels wide in a picture of
128 pixels, so that a generator can learn them.
"""

import math

import numba

from jaxunlearn.zoo.synthetic.paint.mixing import ramp, wave

SINE, COSINE, ALONG, SPREAD, OUTLINE, RAGGEDNESS, LOCKS = range(7)
"""Columns of the attributes on hair: sine and cosine of `across`, and the rest of `flow.Flow`; then signed
distance from the ends of the longest locks, how much shorter the shortest are, and the height of locks."""


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def triangle_wave(x: float) -> float:
    """Return a wave of period 1 that goes linearly from 0 up to 1 and down again."""
    return abs(2 * (x - math.floor(x)) - 1)


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def wave_fades(waves: float, spread: float) -> float:
    """Return the strength in [0, 1] of `waves` per radian: they fade where they would be too fine to see.

    `spread` is the width of a radian in template units.
    """
    return ramp(0.05, 0.13, spread / waves * 2 * math.pi)


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def strands(across: float, along: float, spread: float) -> float:
    """Return the tone of straight or wavy strands, about [-1, 1]."""
    broad = wave(13 * across + 0.9 * wave(2.3 * along + 3 * across))
    middle = wave(31 * across + 1.4 * wave(1.9 * along + 1.0) + 2.0)
    fine = wave(57 * across + 1.2 * wave(2.7 * along + 5 * across))
    return (
        0.45 * broad * wave_fades(13, spread)
        + 0.40 * middle * wave_fades(31, spread)
        + 0.35 * fine * wave_fades(57, spread)
    )


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def curls(across: float, along: float, spread: float) -> float:
    """Return the tone and height of curls, about [-1, 1]: bumps in both directions."""
    tight = wave(15 * across + 2.2 * wave(5.1 * along)) * wave(13 * along + 1.7 * wave(4 * across))
    loose = wave(8 * across + 1.5 * wave(4 * along + 2.0)) * wave(7.3 * along + 2 * across)
    return 0.6 * tight * wave_fades(15, spread) + 0.5 * loose


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def tips(across: float, along: float, curl: float) -> float:
    """Return how far the ends of the hair fall short of the longest lock, in [0, 1]: pointed locks."""
    pointed = 0.6 * triangle_wave(2.4 * across + 0.15 * wave(5 * across)) + 0.4 * triangle_wave(
        6.3 * across + 0.2 * wave(3 * along)
    )
    round_ones = 0.5 + 0.5 * wave(16 * across) * wave(14 * along + 2 * wave(5 * across))
    return pointed * (1 - curl) + round_ones * curl
