"""Photographs of a bundled person, taken from the parametric head of the same z."""

import builtins
import dataclasses
import sys

import jax.numpy as jnp
import numpy as np
import pytest

import lpips_flax
from eg3d_flax import Compute, GeneratorConfig
from jaxunlearn.errors import InputError
from jaxunlearn.evaluation.bundled_people.album import render_album
from jaxunlearn.models.cameras import conditioning_view
from jaxunlearn.models.generator import load_generator
from jaxunlearn.models.renderer import Renderer, latents_of_seeds
from jaxunlearn.zoo.synthetic.photographs import photograph_latent

SEEDS = [0, 1, 2, 3]


@pytest.fixture(scope="module")
def generator():
    return load_generator("heads")


@pytest.mark.long
def test_an_album_shows_the_person_of_its_seed(generator):
    """Each generated person resembles the first photograph of their own album most."""
    albums = [render_album(generator, seed, 2) for seed in SEEDS]
    ws = latents_of_seeds(generator, SEEDS, conditioning_view(generator.config))
    c = np.stack([album.c[0] for album in albums])
    shown = Renderer(generator, batch=8, compute=Compute.for_platform("cpu"))(ws, jnp.asarray(c)).image
    real = np.stack([album.images[0] for album in albums])
    pairs = np.repeat(shown, 4, axis=0), np.tile(real, (4, 1, 1, 1))
    distances = np.asarray(lpips_flax.load("alex")(*map(jnp.asarray, pairs))).reshape(4, 4)
    np.testing.assert_array_equal(distances.argmin(axis=1), np.arange(4))


def test_photographs_are_repeatable_and_differ(generator):
    """More photographs go on where fewer stopped; each is another one; the corners are white."""
    few, many = (render_album(generator, 5, count) for count in (2, 4))
    np.testing.assert_array_equal(few.images, many.images[:2])
    np.testing.assert_array_equal(few.c, many.c[:2])
    assert len(np.unique(many.c, axis=0)) == 4
    assert many.images.min() >= -1
    np.testing.assert_array_equal(many.images[0, 0, 0], 1)


def test_circumstances_follow_from_the_person_and_the_seed():
    z, other = np.random.default_rng(0).standard_normal((2, 64))
    taken = [
        photograph_latent(who, "album", views=3, resolution=16, seed=s)
        for who, s in ((z, 0), (z, 0), (z, 1), (other, 0))
    ]
    poses = [photographs.pose[0] for photographs in taken]
    np.testing.assert_array_equal(poses[0], poses[1])
    for another in poses[2:]:
        assert not np.isclose(poses[0][1:], another[1:]).any()


@pytest.mark.parametrize(
    ("z", "scenario", "message"),
    [(np.zeros(3), "album", r"shape \(64,\), not \(3,\)"), (np.zeros(64), "party", "no scenario 'party'")],
)
def test_bad_requests_are_refused(z, scenario, message):
    with pytest.raises(InputError, match=message):
        photograph_latent(z, scenario, views=1, resolution=16)


def test_other_generators_have_no_albums(generator):
    class Other:
        config = dataclasses.replace(GeneratorConfig.small(), z_dim=512)

    with pytest.raises(InputError, match="only the bundled model has albums"):
        render_album(Other(), 0, 1)  # type: ignore[arg-type]


def test_without_numba_the_error_says_what_to_install(generator, monkeypatch):
    for name in [
        n for n in sys.modules if n.startswith(("jaxunlearn.zoo.synthetic", "jaxunlearn.zoo.training"))
    ]:
        monkeypatch.delitem(sys.modules, name)
    original = builtins.__import__

    def refuse(name, *arguments, **options):
        if name == "numba":
            raise ModuleNotFoundError("No module named 'numba'", name="numba")
        return original(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(InputError, match=r"numba, which is not installed: pip install '\.\[data\]'"):
        render_album(generator, 0, 1)
