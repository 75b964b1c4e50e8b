"""How far the forgotten people's pictures moved."""

import jax.numpy as jnp
import numpy as np
import pytest

from jaxunlearn.evaluation import forgotten_figures
from jaxunlearn.evaluation.forgotten_pictures import forgotten_pictures
from jaxunlearn.evaluation.pixel_metrics import pixel_differences
from jaxunlearn.images import to_float
from jaxunlearn.models.batched import perceptual_distances
from tests.support.tiny_models import tiny_models, tiny_people
from tests.support.tiny_reference import tiny_reference

NAMES = ("lpips", "mse", "psnr", "ssim", "ssim_uniform")


def pictures(seed: int, count: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 64, 64, 3), np.uint8)


def test_means_and_deviations_over_the_views():
    """Of the 8-bit pictures; deviations with n - 1."""
    before, after, perceptual = pictures(0), pictures(1) // 2, tiny_models().perceptual
    figures = forgotten_pictures(perceptual, to_float(before), to_float(after), 2)
    assert set(figures) == {f"forgotten_{name}{end}" for name in NAMES for end in ("", "_std")}
    each = pixel_differences(before, after)
    each["lpips"] = perceptual_distances(perceptual, to_float(before), to_float(after), 3)
    for name in NAMES:
        assert figures[f"forgotten_{name}"] == pytest.approx(each[name].mean(), rel=1e-5), name
        assert figures[f"forgotten_{name}_std"] == pytest.approx(np.std(each[name], ddof=1), rel=1e-3), name


def test_one_view_has_no_deviation():
    image = to_float(pictures(0, 1))
    figures = forgotten_pictures(tiny_models().perceptual, image, image, 2)
    assert figures["forgotten_mse"] == 0
    assert figures["forgotten_psnr"] == 100
    assert all(figures[f"forgotten_{name}_std"] is None for name in NAMES)


def test_every_person_has_them():
    figures = forgotten_figures(tiny_reference(), tiny_models().generator, jnp.asarray(tiny_people(1))[0])
    assert figures["forgotten_ssim"] == figures["forgotten_ssim_uniform"] == pytest.approx(1)
    assert figures["forgotten_mse_std"] == 0
