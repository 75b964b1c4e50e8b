"""Light on synthetic people: surroundings, shadows, and what the skin makes of them."""

import numpy as np
import pytest

from jaxunlearn.zoo.synthetic.anatomy import EYES, SKIN
from jaxunlearn.zoo.synthetic.geometry import HAIR
from jaxunlearn.zoo.synthetic.light.harmonics import (
    COSINE_LOBE,
    basis,
    even_directions,
    surroundings,
    turned,
)
from jaxunlearn.zoo.synthetic.light.lighting import surrounding_light
from jaxunlearn.zoo.synthetic.light.shadows import lamp_share
from jaxunlearn.zoo.synthetic.light.transport import transport
from jaxunlearn.zoo.synthetic.shading import SHOULDER, illuminate, on_screen

LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


def square(height: float, half: float, middle: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Return the vertices and triangles of a square that faces +z, subdivided 12 times."""
    line = np.linspace(-half, half, 13)
    x, y = np.meshgrid(line + middle, line)
    vertices = np.stack([x.ravel(), y.ravel(), np.full(x.size, height)], axis=1).astype(np.float32)
    corner = (np.arange(12)[:, None] * 13 + np.arange(12)).ravel()
    triangles = np.concatenate(
        [
            np.stack([corner, corner + 1, corner + 14], axis=1),
            np.stack([corner, corner + 14, corner + 13], axis=1),
        ]
    )
    return vertices, triangles.astype(np.int32)


def upwards(count: int) -> np.ndarray:
    return np.tile(np.array([[0, 0, 1]], np.float32), (count, 1))


def test_the_basis_is_orthonormal() -> None:
    directions = even_directions(20_000)
    product = 4 * np.pi * basis(directions).T @ basis(directions) / len(directions)
    np.testing.assert_allclose(product, np.eye(9), atol=2e-3)


def test_the_cosine_lobe_is_the_light_on_a_matt_surface() -> None:
    directions = even_directions(20_000)
    coefficients = np.zeros(9)
    coefficients[:4] = [1.0, 0.5, -0.2, 0.1]
    coefficients[4:] = [0.2, -0.1, 0.15, 0.05, 0.1]
    normal = np.array([0.36, 0.48, 0.80])
    facing = np.maximum(directions @ normal, 0)
    summed = 4 * (facing * (basis(directions) @ coefficients)).mean()
    assert basis(normal) * COSINE_LOBE @ coefficients == pytest.approx(summed, abs=2e-3)


def test_surroundings_have_unit_brightness_and_hardly_any_negative_light() -> None:
    everywhere = basis(even_directions(500)) * COSINE_LOBE
    assert len(surroundings()) == 18
    for coefficients in surroundings().values():
        assert coefficients.shape == (9, 3)
        assert coefficients[0] @ LUMINANCE * basis(np.array([0.0, 0.0, 1.0]))[0] == pytest.approx(1, abs=1e-3)
        assert (everywhere @ coefficients).min() > -0.3


def test_turning_moves_light_from_the_front_to_the_side() -> None:
    front, left = np.array([0.0, 0.0, 1.0]), np.array([1.0, 0.0, 0.0])
    for coefficients in surroundings().values():
        around = turned(coefficients, np.pi / 2)
        np.testing.assert_allclose(basis(left) @ around, basis(front) @ coefficients, atol=1e-5)
        np.testing.assert_allclose(turned(around, -np.pi / 2), coefficients, atol=1e-5)


def test_without_colour_surroundings_are_grey() -> None:
    grey = surrounding_light("venice", 0.4, (1.0, 1.0, 1.0), colour=0.0)
    np.testing.assert_allclose(grey, grey[:, :1] * np.ones(3), atol=1e-6)
    assert np.ptp(surrounding_light("venice", 0.4, (1.0, 1.0, 1.0), colour=1.0)[0]) > 0.1


def test_an_open_surface_gets_the_whole_sky() -> None:
    vertices, triangles = square(height=0.0, half=0.3)
    normals = upwards(len(vertices))
    expected = basis(normals) * COSINE_LOBE
    np.testing.assert_allclose(transport(vertices, normals, triangles), expected, atol=0.03)


def test_a_roof_takes_light_from_the_floor_under_it() -> None:
    floor, floor_triangles = square(height=0.0, half=0.3)
    roof, roof_triangles = square(height=0.1, half=0.2)
    vertices = np.concatenate([floor, roof])
    triangles = np.concatenate([floor_triangles, roof_triangles + len(floor)])
    open_sky = basis(np.array([0.0, 0.0, 1.0]))[0]
    brightness = transport(vertices, upwards(len(vertices)), triangles)[:, 0] / open_sky
    middle, corner = len(floor) // 2, 0
    assert brightness[middle] < 0.5
    assert brightness[corner] > 0.8
    assert brightness[len(floor) + middle] > 0.93  # the roof itself


def test_the_lamps_shadow_lies_on_the_other_side_and_has_a_soft_edge() -> None:
    floor, floor_triangles = square(height=0.0, half=0.3)
    roof, roof_triangles = square(height=0.1, half=0.08)
    vertices = np.concatenate([floor, roof])
    triangles = np.concatenate([floor_triangles, roof_triangles + len(floor)])
    direction = np.array([1.0, 0.0, 1.0], np.float32) / np.sqrt(np.float32(2))
    share = lamp_share(vertices, upwards(len(vertices)), triangles, direction)[: len(floor)].reshape(13, 13)
    along = share[6]  # x from -0.3 to 0.3 in steps of 0.05; the shadow lies around -0.1
    assert along[4] < 0.05
    assert along[[0, 8, 9, 10, 11, 12]].min() > 0.95
    ends = along[[1, 2, 5, 6]]
    assert ((ends > 0.02) & (ends < 0.98)).any()


def test_skin_bleeds_red_into_the_edge_of_shade() -> None:
    sideways = np.array([[1, 0, 0]], np.float32)
    dark, share = np.zeros((1, 3), np.float32), np.full(1, 0.5, np.float32)
    lamp, direction = np.ones(3, np.float32), np.array([0, 0, 1], np.float32)

    def light(kind: int) -> np.ndarray:
        return illuminate(sideways, np.array([kind], np.int32), dark, share, direction, lamp)[0, :3]

    red, green, blue = light(SKIN)
    assert red > 1.3 * green > 1.3 * blue > 0
    assert np.ptp(light(HAIR)) == 0
    assert light(EYES).min() > 0.1  # the white of an eye is never quite dark


def test_the_screen_curve_rises_and_never_clips() -> None:
    shown = np.array([on_screen(light) for light in np.linspace(0, 9, 400)])
    assert np.all(np.diff(shown) > 0)
    assert shown[0] == 0
    assert shown[-1] < 1
    assert on_screen(0.25) == pytest.approx(0.5)
    assert on_screen(SHOULDER**2 + 1e-9) == pytest.approx(SHOULDER, abs=1e-6)
