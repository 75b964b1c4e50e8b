"""Cameras of each of EG3D's generators are those that it was trained with."""

import dataclasses

import pytest

from eg3d_flax import GeneratorConfig
from jaxunlearn.methods.config.from_config import drawn_views
from jaxunlearn.methods.guide.presets import paper
from jaxunlearn.models.cameras import orbit, views
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
