"""Parts of images: their pixels are those of the whole image, and every pixel is trained."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from eg3d_flax import Compute, GeneratorConfig, camera
from jaxunlearn.models.generator import initialise
from jaxunlearn.zoo.training.generator_loss import Images, render_views
from jaxunlearn.zoo.training.patches import (
    MARGIN,
    Patches,
    check_patch,
    cut,
    draw_patches,
    true_pixels,
)
from tests.support.tiny_heads import TINY

WHOLE, SIDE = 24, 14
SHAPE = {
    **GeneratorConfig.heads().to_json(),
    **TINY,
    "neural_rendering_resolution": WHOLE,
    "sr_input_resolution": WHOLE,
    "img_resolution": 2 * WHOLE,
}
CORNERS = [[(0, 0), (WHOLE - SIDE, 0), (3, 6)], [(5, WHOLE - SIDE), (WHOLE - SIDE, WHOLE - SIDE), (7, 4)]]


@pytest.fixture(scope="module")
def rendered() -> tuple[Images, Images]:
    """Whole views of two people, and parts of them: in corners, at an edge, and inside."""
    generator = initialise(GeneratorConfig.from_json(SHAPE))
    graph, state = nnx.split(generator)
    cameras = camera.camera_params(jnp.linspace(-0.4, 0.4, 6), 0.1).reshape(2, 3, 25)
    z = jnp.array(np.random.default_rng(0).standard_normal((2, 64)), jnp.float32)
    ws = generator.mapping(z, cameras[:, 0])
    planes = generator.planes(ws, "none")
    patches = Patches(jnp.array(CORNERS), SIDE)

    @jax.jit
    def whole(state: nnx.State) -> Images:
        return render_views(nnx.merge(graph, state), planes, ws, cameras, None, Compute())

    @jax.jit
    def parts(state: nnx.State) -> Images:
        return render_views(nnx.merge(graph, state), planes, ws, cameras, None, Compute(), patches)

    return whole(state), parts(state)


@pytest.mark.must
def test_pixels_that_count_are_those_of_the_whole_image(rendered: tuple[Images, Images]) -> None:
    whole, parts = rendered
    patches = Patches(jnp.array(CORNERS), SIDE)
    assert parts.image.shape == (2, 3, 2 * SIDE, 2 * SIDE, 3)
    assert float(jnp.std(whole.image)) > 0.01
    np.testing.assert_allclose(parts.raw, cut(whole.raw, patches), atol=1e-6)
    error = np.abs(parts.image - cut(whole.image, patches, pixels=2)).max(-1)
    counts = np.asarray(true_pixels(patches, WHOLE, pixels=2)) > 0
    assert error[counts].max() < 1e-6
    assert error[~counts].max() > 1e-3  # super-resolution reads across the cut


@pytest.mark.must
def test_the_margin_is_as_small_as_it_can_be(rendered: tuple[Images, Images]) -> None:
    whole, parts = rendered
    patches = Patches(jnp.array(CORNERS), SIDE)
    error = np.abs(parts.image - cut(whole.image, patches, pixels=2)).max(-1)[0, 2]  # inside: four cuts
    beside = 2 * (MARGIN - 1)
    assert error[beside : beside + 2].max() > 1e-6 or error[-beside - 2 : -beside].max() > 1e-6


def test_parts_at_an_edge_count_up_to_it() -> None:
    patches = Patches(jnp.array(CORNERS), SIDE)
    counts = np.asarray(true_pixels(patches, WHOLE, pixels=2))
    inner, edge = 2 * (SIDE - 2 * MARGIN), 2 * (SIDE - MARGIN)
    sizes = [[edge * edge, edge * edge, inner * inner], [inner * edge, edge * edge, inner * inner]]
    np.testing.assert_array_equal(counts.sum((2, 3)), sizes)
    assert counts[0, 0, 0, 0] == 1
    assert counts[0, 0, -1, -1] == 0


def test_every_pixel_is_drawn_and_parts_lie_inside() -> None:
    patches = draw_patches(jax.random.key(0), 400, 5, SIDE, WHOLE)
    corner = np.asarray(patches.corner)
    assert (corner.min(), corner.max()) == (0, WHOLE - SIDE)
    counts = np.asarray(true_pixels(patches, WHOLE, pixels=1)).reshape(-1, SIDE, SIDE)
    seen = np.zeros((WHOLE, WHOLE))
    for (row, column), count in zip(corner.reshape(-1, 2), counts, strict=True):
        seen[row : row + SIDE, column : column + SIDE] += count
    assert seen.min() > 0.05 * len(counts)


def test_a_part_is_cut_where_it_lies() -> None:
    image = jnp.arange(WHOLE * WHOLE * 4.0).reshape(1, 1, 2 * WHOLE, 2 * WHOLE, 1)
    part = cut(image, Patches(jnp.array([[[3, 5]]]), SIDE), pixels=2)
    np.testing.assert_array_equal(part[0, 0], image[0, 0, 6 : 6 + 2 * SIDE, 10 : 10 + 2 * SIDE])


@pytest.mark.parametrize(
    ("patch", "change", "message"),
    [
        (15, {}, "must be from 16 to 24 rays, not 15"),
        (25, {}, "must be from 16 to 24 rays, not 25"),
        (24, {"neural_rendering_resolution": 32}, "of all its 32 x 32 rays"),
        (20, {"superresolution_noise_mode": "random"}, "without noise"),
    ],
)
def test_parts_that_cannot_be_cut_are_refused(patch: int, change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_patch(patch, GeneratorConfig.from_json({**SHAPE, **change}))
