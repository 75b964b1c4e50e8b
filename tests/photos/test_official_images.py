"""What the official programs do between files and networks, on 8-bit numbers."""

import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from jaxunlearn.images import to_uint8
from jaxunlearn.models.encoder import bicubic
from jaxunlearn.photos.pictures.image_io import open_picture, read_image, whole_picture
from tests.support.perception_golden import image
from tests.support.sugar_golden import sugar_golden

CASE = sugar_golden("image_io")


@pytest.mark.parity
def test_images_become_levels():
    np.testing.assert_array_equal(to_uint8(CASE["t2i.in"]), CASE["t2i.out"])


@pytest.mark.parity
def test_what_an_encoder_is_shown(tmp_path):
    """A photograph of 512 pixels at 256: Pillow's bicubic filter, which rounds to levels after each axis."""
    levels = np.floor((image("input:pil:512", (3, 512, 512), 6).astype(np.float64) + 1) * 127.5 + 0.5)
    Image.fromarray(levels.clip(0, 255).astype(np.uint8).transpose(1, 2, 0)).save(tmp_path / "photo.png")
    photograph = jnp.asarray(read_image(tmp_path / "photo.png", 512))
    shown = (np.asarray(bicubic(photograph[None], 256)[0]) + 1) * 127.5
    for found, expected in ((shown[96:128, 96:128], "512.crop"), (shown[:8, :8], "512.corner")):
        np.testing.assert_allclose(found, CASE[expected], atol=1.2)
    network = (CASE["512.tensor_4"].transpose(1, 2, 0) + 1) * 127.5
    np.testing.assert_allclose(shown[100:102, 100:102], network, atol=1.2)
    np.testing.assert_allclose(shown.mean((0, 1)), CASE["512.mean"], atol=0.1)


@pytest.mark.parity
@pytest.mark.parametrize("side", [512, 1024])
def test_image_to_tensor(tmp_path, side):
    """Whole files reach the encoder with the very numbers of the official programs, whatever their size."""
    levels = np.floor((image(f"input:pil:{side}", (3, side, side), 6).astype(np.float64) + 1) * 127.5 + 0.5)
    Image.fromarray(levels.clip(0, 255).astype(np.uint8).transpose(1, 2, 0)).save(tmp_path / "photo.png")
    tensor = whole_picture(open_picture(tmp_path / "photo.png"), 256)
    levels = np.rint((tensor + 1) * 127.5).astype(np.uint8)
    np.testing.assert_array_equal(levels[96:128, 96:128], CASE[f"{side}.crop"])
    np.testing.assert_array_equal(levels[:8, :8], CASE[f"{side}.corner"])
    np.testing.assert_array_equal(tensor[100:102, 100:102], CASE[f"{side}.tensor_4"].transpose(1, 2, 0))


def test_image_to_tensor_squeezes_what_is_not_square():
    halves = Image.new("RGB", (60, 40), "white")
    halves.paste("black", (0, 0, 30, 40))
    tensor = whole_picture(halves, 16)
    assert tensor.shape == (16, 16, 3)
    np.testing.assert_allclose(tensor[:, :6], -1, atol=0.2)
    np.testing.assert_allclose(tensor[:, 10:], 1, atol=0.2)


@pytest.mark.parity
def test_another_filter_would_be_noticed():
    assert np.abs(CASE["512.bilinear_crop"].astype(int) - CASE["512.crop"]).max() > 3
