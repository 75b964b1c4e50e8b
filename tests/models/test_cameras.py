"""Cameras of each of EG3D's generators are those that it was trained with."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from eg3d_flax import GeneratorConfig
from jaxunlearn.methods.config.from_config import drawn_views
from jaxunlearn.methods.guide.presets import paper
from jaxunlearn.models.cameras import Views, field_of_view, orbit, random_yaws, views
from tests.support.tiny_models import CONFIG

CARS = GeneratorConfig.shapenetcars128_64()


@pytest.mark.parametrize(
    ("config", "focal"),
    [
        (GeneratorConfig.ffhq512_128(), 4.2634),
        (GeneratorConfig.afhqcats512_128(), 4.2634),
        (CARS, 1.7074),  # of the official gen_videos.py
        (dataclasses.replace(CARS, avg_camera_pivot=(0.0, 0.0, 0.2)), 1.7074),
        (CONFIG, 4.2634),
    ],
)
def test_the_focal_length_is_that_of_the_training_cameras(config: GeneratorConfig, focal: float) -> None:
    assert float(views(config)[0, 16]) == pytest.approx(focal, abs=2e-4)
    assert float(orbit(config, 3)[2, 20]) == pytest.approx(focal, abs=2e-4)


def test_a_method_draws_views_with_the_same_field_of_view() -> None:
    assert drawn_views(paper(), CARS).fov == 45
    assert drawn_views(paper(), GeneratorConfig.ffhq512_128()).fov == 18.837


def test_random_views_go_as_far_to_either_side() -> None:
    yaws = np.asarray(random_yaws(jax.random.key(0), 1000, 0.3))
    assert np.abs(yaws).max() <= 0.3
    assert yaws.min() < -0.29
    assert yaws.max() > 0.29
    assert abs(yaws.mean()) < 0.02
    np.testing.assert_array_equal(Views(max_yaw=0.3).draw(jax.random.key(0), 1000), yaws)


def test_views_that_methods_draw_from_are_those_of_the_generator() -> None:
    """From the same height, too."""
    config, yaw = GeneratorConfig.small(), np.array([-0.2, 0.0, 0.3])
    drawn = Views(
        pitch=0.1,
        pivot=config.avg_camera_pivot,
        radius=config.avg_camera_radius,
        fov=field_of_view(config),
    )
    np.testing.assert_allclose(drawn.labels(jnp.asarray(yaw)), views(config, yaw, np.full(3, 0.1)), atol=1e-6)
