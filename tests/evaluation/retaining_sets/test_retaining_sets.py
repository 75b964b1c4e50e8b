"""Retaining sets: who is in them, and how they are compared before and after."""

import copy
import dataclasses
from types import SimpleNamespace
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from eg3d_flax import TriPlaneGenerator
from inception_flax import FeatureStatistics, frechet_distance
from jaxunlearn.errors import InputError
from jaxunlearn.evaluation.judges import CalibratedJudge
from jaxunlearn.evaluation.protocol import measured_with
from jaxunlearn.evaluation.reference import RealImages
from jaxunlearn.evaluation.retaining_sets import (
    figures_of_sets,
    random_set,
    read_retaining_set,
    retaining_figures,
    sources,
)
from tests.support.tiny_models import CONFIG, tiny_models, tiny_people
from tests.support.tiny_reference import tiny_reference

PEOPLE = 5


@pytest.fixture(scope="module")
def darker():
    """Return a generator whose pictures are all darker."""
    generator = copy.deepcopy(tiny_models().generator)
    assert isinstance(generator, TriPlaneGenerator)
    torgb = getattr(generator.backbone.synthesis, f"b{CONFIG.plane_resolution}").torgb
    torgb.bias[...] = torgb.bias[...] + 3.0
    return generator


@pytest.fixture(scope="module")
def ws():
    return jnp.asarray(tiny_people(PEOPLE))


def test_people_who_stayed(ws):
    figures = retaining_figures(tiny_reference(), tiny_models().generator, ws, title="", progress=False)
    assert (figures["people"], figures["pictures"]) == (PEOPLE, PEOPLE * 3)
    assert figures["retain_id"] == pytest.approx(1, abs=1e-5)
    assert figures["retain_fid"] == pytest.approx(0, abs=1e-6)
    assert figures["retain_delta_fid_real"] is None
    assert figures["judges"]["judge"]["lost"]["share"] == 0


def test_whoever_is_lost_is_so_by_all_views(ws):
    """Not by the threshold of a single view."""
    reference = tiny_reference()
    strangers: Any = {"views": SimpleNamespace(threshold=2.0), "single": SimpleNamespace(threshold=0.0)}
    strict = CalibratedJudge(reference.judge.judge, strangers)
    reference = dataclasses.replace(reference, judges=(strict,))
    figures = retaining_figures(reference, tiny_models().generator, ws[:2], title="", progress=False)
    assert figures["judges"]["judge"]["lost"]["share"] == 1


def test_figures_are_those_of_all_pictures(ws, darker):
    """Also where there are more people than are seen at once."""
    reference = tiny_reference()
    real = FeatureStatistics(np.zeros(3), np.eye(3))
    reference = dataclasses.replace(reference, real=RealImages(None, real, 0.0))
    figures = retaining_figures(reference, darker, ws, title="", progress=False)
    c = jnp.tile(reference.views, (PEOPLE, 1))
    latents = jnp.repeat(ws, 3, axis=0)
    before, after = (
        np.clip(renderer(latents, c).image, -1, 1)
        for renderer in (reference.renderer, reference.renderer.with_generator(darker))
    )
    old, new = before.mean(axis=(1, 2)), after.mean(axis=(1, 2))
    assert figures["retain_fid"] == pytest.approx(frechet_distance(old, new), rel=1e-4)
    assert figures["retain_fid"] > 1e-4
    embed = reference.judge.embeddings
    a, b = embed(before, c, 4), embed(after, c, 4)
    assert figures["retain_id"] == pytest.approx(np.sum(a * b, axis=1).mean(), abs=1e-5)
    growth = [frechet_distance(rows, standard_normal()) for rows in (old, new)]
    assert figures["retain_delta_fid_real"] == pytest.approx(growth[1] - growth[0], abs=1e-4)


def standard_normal() -> np.ndarray:
    """Return 6 points with mean 0 and covariance 1."""
    return np.concatenate([np.eye(3), -np.eye(3)]) * np.sqrt(2.5)


def test_one_picture_has_no_distance(ws):
    reference = tiny_reference()
    reference = dataclasses.replace(reference, views=reference.views[:1])
    figures = retaining_figures(reference, tiny_models().generator, ws[:1], title="", progress=False)
    assert figures["retain_fid"] is None


def test_the_random_set_lies_at_its_distance(ws):
    people = random_set(tiny_reference(), ws, 30.0)
    np.testing.assert_allclose(np.linalg.norm((people - ws).reshape(PEOPLE, -1), axis=1), 30, rtol=1e-5)
    directions = (people - ws).reshape(PEOPLE, -1) / 30
    assert (directions @ directions.T)[0, 1] < 0.999


def test_sets_that_are_wanted_are_measured(ws):
    reference = tiny_reference()
    generator = tiny_models().generator
    assert figures_of_sets(reference, generator, ws[:2], progress=False) == {}
    settings = dataclasses.replace(reference.settings, retain_random=30.0)
    both = dataclasses.replace(reference, settings=settings, retaining=ws[2:])
    figures = figures_of_sets(both, generator, ws[:2], progress=False)
    assert {name: each["people"] for name, each in figures.items()} == {"given": 3, "random": 2}
    digests = [
        measured_with(each, 0, 0)["counts"].get("retaining_sha256")
        for each in (reference, both, dataclasses.replace(both, retaining=ws[3:]))
    ]
    assert len(set(digests)) == 3
    assert digests[0] is None


def test_a_file_of_latents_or_photos(tmp_path, ws, monkeypatch):
    np.savez(tmp_path / "some.npz", ws=ws[:2])
    np.testing.assert_array_equal(read_retaining_set(tiny_models(), tmp_path / "some.npz"), ws[:2])
    monkeypatch.setattr(sources, "invert", lambda models, source, **_: Inverted(np.asarray(ws[3:])))
    for name in ("photos", "photo.png", "people.csv"):
        (tmp_path / name).mkdir()
        np.testing.assert_array_equal(read_retaining_set(tiny_models(), tmp_path / name), ws[3:])
    np.save(tmp_path / "wrong.npy", np.zeros((2, 3)))
    with pytest.raises(InputError, match=rf"wrong\.npy: .* takes \[N, {CONFIG.num_ws}, "):
        read_retaining_set(tiny_models(), tmp_path / "wrong.npy")


@dataclasses.dataclass(frozen=True)
class Inverted:
    """The only part of an inversion that is used."""

    ws: np.ndarray
