"""Photographs become latents: on a tiny generator, and (slow) on the bundled one."""

import dataclasses
import subprocess
import sys
from typing import Any, NamedTuple, cast

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import lpips_flax
from eg3d_flax import Compute, TriPlaneGenerator
from jaxunlearn.evaluation.bundled_people import album
from jaxunlearn.limits import RAY_CHUNK
from jaxunlearn.models.cameras import conditioning_view, views
from jaxunlearn.models.identity import load_identity
from jaxunlearn.models.loading import load_models
from jaxunlearn.models.renderer import Renderer, latents_of_seeds
from jaxunlearn.photos.inversion import latent_search
from jaxunlearn.photos.inversion.latent_distribution import LatentDistribution
from jaxunlearn.photos.inversion.search import InversionSettings, search_latents
from tests.support.programs import environment
from tests.support.tiny_models import CONFIG, drawn_generator

COMPUTE = Compute.for_platform("cpu")
SETTINGS = InversionSettings(steps=30, distribution_samples=256, batch=2)


@pytest.fixture(scope="module")
def generator() -> TriPlaneGenerator:
    return drawn_generator()


@pytest.fixture(scope="module")
def perceptual() -> lpips_flax.LPIPS:
    return lpips_flax.load("alex")


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Thumbnails:
    """Knows people by their 4 x 4 pixels."""

    def embed(self, images: jax.Array) -> jax.Array:
        small = jax.image.resize(images, (len(images), 4, 4, 3), "linear").reshape(len(images), -1)
        return small / jnp.linalg.norm(small, axis=-1, keepdims=True)


@pytest.fixture(scope="module")
def own_pictures(generator):
    """Pictures of three of its own people."""
    ws = latents_of_seeds(generator, [1, 2, 3], conditioning_view(CONFIG))
    c = views(CONFIG, np.array([0.1, -0.2, 0.0]), np.array([0.0, 0.1, 0.0]))
    return Renderer(generator, batch=3, compute=COMPUTE)(ws, c).image, np.asarray(c)


@pytest.fixture(scope="module")
def found(generator, perceptual, own_pictures):
    images, c = own_pictures
    return search_latents(
        generator, images, c, perceptual, Thumbnails(), SETTINGS, key=jax.random.key(0), progress=False
    )


def test_its_own_pictures_are_found(generator, perceptual, own_pictures, found):
    images, c = own_pictures
    mean = LatentDistribution.of(
        latents_of_seeds(generator, list(range(64)), conditioning_view(CONFIG))[:, 0]
    )
    ws = jnp.broadcast_to(mean.mean, found.ws.shape)
    start = Renderer(generator, batch=3, compute=COMPUTE)(ws, c).image
    at_the_start = np.asarray(perceptual(jnp.asarray(start), jnp.asarray(images)))
    assert (found.perceptual < 0.3 * at_the_start).all()
    assert (found.squared < 0.3 * np.square(start - images).mean((1, 2, 3))).all()
    np.testing.assert_array_equal(found.c, c)


def test_what_is_reported_is_what_the_latents_show(generator, perceptual, own_pictures, found):
    shown = Renderer(generator, batch=3, compute=COMPUTE)(found.ws, found.c).image
    np.testing.assert_allclose(shown, found.images, atol=1e-4)
    distance = perceptual(jnp.asarray(shown), jnp.asarray(own_pictures[0]))
    np.testing.assert_allclose(found.perceptual, distance, atol=1e-4)
    np.testing.assert_allclose(found.squared, np.square(shown - own_pictures[0]).mean((1, 2, 3)), atol=1e-4)
    seen, wanted = (Thumbnails().embed(jnp.asarray(images)) for images in (shown, own_pictures[0]))
    np.testing.assert_allclose(found.identity, np.sum(seen * wanted, axis=-1), atol=1e-4)


@pytest.mark.must
def test_images_do_not_influence_each_other(generator, perceptual, own_pictures, found):
    """The third image, beside its own repetition that filled up a batch, and beside the first image."""
    images, c = (x[[2, 0]] for x in own_pictures)
    again = search_latents(
        generator, images, c, perceptual, Thumbnails(), SETTINGS, key=jax.random.key(0), progress=False
    )
    np.testing.assert_allclose(again.perceptual, found.perceptual[[2, 0]], atol=5e-3)
    np.testing.assert_allclose(again.images, found.images[[2, 0]], atol=0.1)


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Pixels:
    """In place of LPIPS: compiled in no time."""

    def features(self, images: jax.Array) -> tuple[jax.Array, ...]:
        return (images,)

    def distance(self, a: tuple[jax.Array, ...], b: tuple[jax.Array, ...]) -> jax.Array:
        return jnp.mean(jnp.square(a[0] - b[0]), axis=(1, 2, 3))


class Output(NamedTuple):
    image: jax.Array


class Gray(nnx.Module):
    """In place of a generator: one gray, twice as light with half as many rays."""

    config = CONFIG

    def mapping(self, z: jax.Array, c: jax.Array) -> jax.Array:
        repeated = jnp.tile(z, CONFIG.w_dim // z.shape[1] + 1)[:, None, : CONFIG.w_dim]
        return jnp.broadcast_to(repeated, (len(z), CONFIG.num_ws, CONFIG.w_dim))

    def synthesis(self, ws, c, *, neural_rendering_resolution=None, compute=None) -> Output:
        side = CONFIG.img_resolution
        gray = jnp.mean(ws, axis=(1, 2)) * side / (neural_rendering_resolution or side)
        return Output(jnp.broadcast_to(gray[:, None, None, None], (len(ws), side, side, 3)))


def test_steps_may_take_fewer_rays_than_the_pictures():
    gray: Any = Gray()
    pixels: Any = Pixels()

    def search(rays: int | None):
        few = dataclasses.replace(SETTINGS, steps=100, rays=rays, prior=0.0, spread=0.0, identity=0.0)
        photo, c = np.full((1, 32, 32, 3), 0.5), np.asarray(conditioning_view(CONFIG))
        return search_latents(
            gray, photo, c, pixels, Thumbnails(), few, key=jax.random.key(0), progress=False
        )

    np.testing.assert_allclose(search(None).images, 0.5, atol=0.01)
    np.testing.assert_allclose(search(16).images, 0.25, atol=0.01)


@pytest.mark.parametrize(("weight", "is_found"), [("spread", True), ("prior", False)])
def test_rows_may_go_together_where_only_their_spread_costs(weight, is_found):
    """The photo needs the same change of all rows."""
    gray, pixels = cast("Any", Gray()), cast("Any", Pixels())
    none = {"prior": 0.0, "spread": 0.0, "identity": 0.0}
    pulled = dataclasses.replace(SETTINGS, steps=100, **{**none, weight: 10.0})
    photo, c = np.full((1, 32, 32, 3), 0.5), np.asarray(conditioning_view(CONFIG))
    found = search_latents(
        gray, photo, c, pixels, Thumbnails(), pulled, key=jax.random.key(0), progress=False
    )
    assert (np.abs(found.images - 0.5).max() < 0.01) == is_found


def test_batches_with_given_rows_are_searched_as_if_all_were():
    gray, pixels, few = cast("Any", Gray()), cast("Any", Pixels()), dataclasses.replace(SETTINGS, steps=3)
    photos = np.linspace(0.1, 0.5, 5)[:, None, None, None] * np.ones((5, 32, 32, 3))
    searched: list[list[int]] = []

    def search(rows: list[int] | None):
        return search_latents(
            gray,
            photos,
            None,
            pixels,
            Thumbnails(),
            few,
            key=jax.random.key(0),
            rows=rows,
            each=lambda rows, _: searched.append(list(rows)),
            progress=False,
        )

    whole, some = search(None), search([3, 4])
    assert searched == [[0, 1], [2, 3], [4], [2, 3], [4]]
    for every, found in zip(whole, some, strict=True):
        np.testing.assert_array_equal(found, every[2:])


def test_rays_are_rendered_in_chunks_and_pictures_in_smaller_ones():
    """All rays of eight photos at official size would take more memory than a GPU has."""
    chunks: set[int | None] = set()

    class Recording(Gray):
        def synthesis(self, ws, c, *, neural_rendering_resolution=None, compute=None) -> Output:
            assert compute is not None
            chunks.add(compute.ray_chunk)
            return super().synthesis(ws, c, neural_rendering_resolution=neural_rendering_resolution)

    one_step = dataclasses.replace(SETTINGS, steps=1)
    photo, pixels, generator = np.zeros((1, 32, 32, 3)), cast("Any", Pixels()), cast("Any", Recording())
    search_latents(
        generator, photo, None, pixels, Thumbnails(), one_step, key=jax.random.key(0), progress=False
    )
    assert chunks == {RAY_CHUNK, COMPUTE.picture_chunk}


def test_memory_of_the_first_views_grows_with_the_photos_and_not_with_their_square(perceptual):
    def temporary_bytes(count: int) -> int:
        images = jax.ShapeDtypeStruct((count, 64, 64, 3), jnp.float32)
        features = jax.eval_shape(perceptual.features, images)
        compiled = latent_search.pairwise_distances.lower(perceptual, features, features).compile()
        memory = compiled.memory_analysis()
        assert memory is not None
        return memory.temp_size_in_bytes

    assert temporary_bytes(16) < 2.5 * temporary_bytes(8)


def test_photos_are_compared_with_all_views(perceptual, own_pictures):
    photos = jnp.asarray(own_pictures[0])
    features = perceptual.features(photos)
    found = latent_search.pairwise_distances(perceptual, features, tuple(x[:2] for x in features))
    wanted = np.stack(
        [perceptual(photos, jnp.broadcast_to(view, photos.shape)) for view in photos[:2]], axis=1
    )
    np.testing.assert_allclose(found, wanted, atol=1e-5)


@pytest.mark.parametrize(
    ("images", "c", "message"),
    [
        (np.zeros((1, 16, 16, 3)), None, r"must be \[N, 32, 32, 3\], not \[1, 16, 16, 3\]"),
        (np.zeros((0, 32, 32, 3)), None, "not \\[0, 32, 32, 3\\]"),
        (np.zeros((2, 32, 32, 3)), np.zeros((1, 25)), r"cameras of 2 images must be \[2, 25\]"),
    ],
)
def test_images_that_do_not_fit_are_refused(generator, perceptual, images, c, message):
    with pytest.raises(ValueError, match=message):
        search_latents(generator, images, c, perceptual, Thumbnails(), SETTINGS, key=jax.random.key(0))


@pytest.mark.parametrize(("entry", "value"), [(18, 256), (21, 256), (18, np.nan), (24, 0)])
def test_cameras_in_pixels_are_refused(generator, perceptual, own_pictures, entry, value):
    images, c = own_pictures[0], own_pictures[1].copy()
    c[1, entry] = value
    with pytest.raises(ValueError, match="intrinsics divided by the image's side: their centre lies within"):
        search_latents(generator, images, c, perceptual, Thumbnails(), SETTINGS, key=jax.random.key(0))


def test_latents_to_start_from_that_do_not_fit_are_refused(generator, perceptual, own_pictures):
    images, c = own_pictures
    with pytest.raises(ValueError, match=r"latents to start from must be \[3, \d+, \d+\], not \[1, 2, 3\]"):
        search_latents(
            generator,
            images,
            c,
            perceptual,
            Thumbnails(),
            SETTINGS,
            key=jax.random.key(0),
            ws=np.zeros((1, 2, 3)),
        )


@pytest.mark.must
def test_without_steps_the_latents_given_are_kept_and_the_camera_is_found(
    generator, perceptual, own_pictures
):
    images, c = (x[:2] for x in own_pictures)  # one batch
    ws = np.asarray(latents_of_seeds(generator, [1, 2], conditioning_view(CONFIG)))
    still = dataclasses.replace(SETTINGS, steps=0, camera_steps=30, camera_rate=0.3)
    found = search_latents(
        generator,
        images,
        None,
        perceptual,
        Thumbnails(),
        still,
        key=jax.random.key(0),
        ws=ws,
        progress=False,
    )
    np.testing.assert_allclose(found.ws, ws, atol=1e-3 * abs(ws).max())
    assert (np.linalg.norm(found.c[:, [3, 7, 11]] - c[:, [3, 7, 11]], axis=1) < 0.15).all()  # of 2.7
    assert (found.perceptual < 0.005).all()


@pytest.mark.must
def test_a_search_goes_on_from_the_latents_given(generator, perceptual, own_pictures, found):
    """A few steps from where a long search ended are better than a few steps from the mean."""
    images, c = own_pictures
    few = dataclasses.replace(SETTINGS, steps=3, learning_rate=0.05)
    late, early = (
        search_latents(
            generator, images, c, perceptual, Thumbnails(), few, key=jax.random.key(0), ws=ws, progress=False
        )
        for ws in (found.ws, None)
    )
    assert late.perceptual.mean() < 0.5 * early.perceptual.mean()


MESH = """
import jax, numpy as np
import tests.photos.inversion.test_search as t
from jax.sharding import Mesh
generator, perceptual = t.generator.__wrapped__(), t.perceptual.__wrapped__()
images, c = t.own_pictures.__wrapped__(generator)
few = t.dataclasses.replace(t.SETTINGS, steps=3)
mesh = Mesh(np.array(jax.devices()), ("sample",))
compute = t.dataclasses.replace(t.COMPUTE, ray_chunk=256)  # of 1024
def run(generator, perceptual, mesh):
    key = jax.random.key(0)
    return t.search_latents(
        generator, images, None, perceptual, t.Thumbnails(), few, key=key, mesh=mesh, compute=compute,
        progress=False,
    )
one, two = run(generator, perceptual, None), run(generator, perceptual, mesh)
assert len(jax.devices()) == 2
np.testing.assert_allclose(two.images, one.images, atol=1e-3)
np.testing.assert_allclose(two.ws, one.ws, atol=1e-2)
rendered = []
class Counting(t.Gray):
    def synthesis(self, ws, c, **options):
        rendered.append(len(ws))
        return super().synthesis(ws, c, **options)
run(Counting(), t.Pixels(), mesh)
assert set(rendered) == {1}, "each device renders its share of the batch"
"""


@pytest.mark.slow
def test_two_devices_find_what_one_finds():
    flags = {"XLA_FLAGS": "--xla_force_host_platform_device_count=2", "JAX_PLATFORMS": "cpu"}
    subprocess.run([sys.executable, "-c", MESH], env=environment(**flags), check=True)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), size=st.integers(2, 6), flat=st.booleans())
def test_coordinates_of_latents_are_standard_normal_and_come_back(seed, size, flat):
    rng = np.random.default_rng(seed)
    mixing = rng.standard_normal((size, size)) + 2 * np.eye(size)
    assume(np.linalg.cond(mixing) < 100)  # beyond, float32 cannot tell the flattest direction from rounding
    w = (rng.standard_normal((4000, size)) @ mixing + rng.standard_normal(size)).astype(np.float32)
    if flat:
        w[:, 0] = 1.5  # a direction in which nothing varies
    distribution = LatentDistribution.of(jnp.asarray(w))
    x = np.asarray(distribution.coordinates(jnp.asarray(w)))
    scale = np.abs(w).max()
    np.testing.assert_allclose(distribution.latents(jnp.asarray(x)), w, atol=1e-3 * scale)
    lengths = np.linalg.norm(distribution.axes, axis=1)
    assert (lengths.min() == pytest.approx(1e-3 * lengths.max(), rel=1e-3)) == flat
    varying = np.cov(x, rowvar=False).diagonal()[1 if flat else 0 :]
    np.testing.assert_allclose(varying, 1, atol=0.02)


@pytest.mark.slow
def test_a_bundled_persons_album_is_inverted_without_telling_the_cameras():
    """Photographs that no generator made, under other light: the same person, seen from where they were."""
    models, judge = load_models("heads"), load_identity("heads-judge")
    generator = models.generator
    photographs = album.render_album(generator, 7, 4)
    found = album.album_latents(models, 7, 4, progress=False)
    assert found.ws.shape == (4, generator.config.num_ws, generator.config.w_dim)
    assert found.perceptual.mean() < 0.15
    (x, y, z), (true_x, true_y, true_z) = (c[:, [3, 7, 11]].T / 2.7 for c in (found.c, photographs.c))
    assert np.abs(np.arctan2(x, z) - np.arctan2(true_x, true_z)).max() < 0.1
    assert np.abs(y - true_y).max() < 0.15  # a camera held higher looks much like a smaller chin
    shown, real = (np.asarray(judge.embed(jnp.asarray(x))) for x in (found.images, photographs.images))
    similarity = np.sum(shown * real, axis=-1)
    assert judge.threshold is not None
    assert similarity.mean() > judge.threshold
