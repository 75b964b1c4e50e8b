"""Searches for a forgotten person: by their photo, and near their latent."""

import dataclasses
import json
import re
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from jaxunlearn.attacks.attacked import Attacked
from jaxunlearn.attacks.draws import random_latents
from jaxunlearn.attacks.search import NearSettings, ReinversionSettings, reinversion, reinvert, search_near
from jaxunlearn.attacks.search.ascent import Ascent, Ball
from jaxunlearn.attacks.search.likeness import alike_to_photos, any_accepts, most_alike
from jaxunlearn.errors import InputError
from jaxunlearn.evaluation import CosineJudge, EvaluationSettings, measure_source
from jaxunlearn.evaluation.judges import CalibratedJudge
from jaxunlearn.limits import RAY_CHUNK
from jaxunlearn.models.cameras import views
from jaxunlearn.models.generator import Generator
from tests.support.tiny_models import CONFIG, tiny_models, tiny_people
from tests.support.tiny_reference import MeanColour

REINVERSION = ReinversionSettings(steps=4, camera_steps=1, starts=1, latents=64)
NEAR = NearSettings(steps=6, starts=2, views=2, samples=64)


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Memory:
    """An encoder that knows the latents of the two photos that it is shown."""

    ws: jax.Array

    def encode(self, images: jax.Array) -> jax.Array:
        return self.ws


def with_weights(generator: Generator, change) -> Generator:
    """Return a generator with `change(name, weights)` in place of its weights."""
    graph, state = nnx.split(generator)
    changed = jax.tree.map_with_path(lambda path, x: change(jax.tree_util.keystr(path), x), state)
    return nnx.merge(graph, changed)


@pytest.fixture(scope="module")
def attacked() -> Attacked:
    """A person whom nobody forgot: the unlearned generator is the source."""
    models = tiny_models()
    reference = measure_source(
        models.generator,
        [CosineJudge(models.judge), CosineJudge(dataclasses.replace(models.identity, name="second"))],
        models.perceptual,
        MeanColour(),
        EvaluationSettings(views=2, retained_people=2, frechet_samples=8, strangers=4, batch=8),
        mean=models.w_avg,
        progress=False,
    )
    ws = jnp.asarray(tiny_people(2))
    yaws = jnp.array([0.0, -0.2, 0.2])
    photos = reference.renderer(jnp.repeat(ws, 3, axis=0), jnp.tile(views(CONFIG, yaws), (2, 1))).image
    photos = np.clip(photos, -1, 1)
    return Attacked(
        models, reference, models.generator, ws[0], photos[:3], ws[1:], photos[3:4], seed=3, everybody=ws[:1]
    )


@pytest.fixture(scope="module")
def indifferent(attacked) -> Attacked:
    """The same person and a generator that shows everybody alike, whatever the latent."""
    blank = with_weights(
        attacked.models.generator, lambda name, x: 0 * x if "affine" in name and "weight" in name else x
    )
    return dataclasses.replace(attacked, unlearned=blank)


@pytest.fixture(scope="module")
def disturbed(attacked) -> Attacked:
    """The same person and a generator whose weights are slightly wrong."""
    rng = np.random.default_rng(0)
    wrong = with_weights(
        attacked.models.generator,
        lambda name, x: x + 0.3 * x.std() * rng.normal(size=x.shape).astype(x.dtype) if x.ndim > 1 else x,
    )
    return dataclasses.replace(attacked, unlearned=wrong)


@pytest.fixture(scope="module")
def memory(attacked):
    return Memory(jnp.stack([attacked.ws, attacked.stranger_ws]))


@pytest.fixture(scope="module")
def reinverted(attacked, memory):
    return reinvert(attacked, REINVERSION, encoder=memory, progress=False)


@pytest.fixture(scope="module")
def near(disturbed):
    return search_near(disturbed, NEAR, progress=False)


@pytest.mark.must
def test_a_person_whom_nobody_forgot_comes_back(attacked, reinverted):
    figures = reinverted.figures
    assert figures["unlearned"] == figures["source"]
    assert list(figures["unlearned"]) == ["encoder", "hybrid", "search"]
    encoder = figures["unlearned"]["encoder"]
    for judge in attacked.reference.judges:
        assert encoder["judges"][judge.name]["reinverted_id"] == pytest.approx(1, abs=1e-5)
    assert encoder["accepted"] is True
    assert encoder["latents"][0]["distance_from_w"] == 0
    assert encoder["latents"][0]["perceptual"] is None
    hybrid, search = figures["unlearned"]["hybrid"], figures["unlearned"]["search"]
    assert [len(search["latents"]), len(hybrid["latents"])] == [1, 1]
    assert hybrid["latents"][0]["distance_from_w"] < min(x["distance_from_w"] for x in search["latents"])
    assert np.abs(reinverted.pictures["inverted again, encoder"] - attacked.photos[0]).max() < 1e-4


@pytest.mark.must
def test_a_person_comes_back_less_where_everybody_looks_alike(attacked, indifferent, reinverted, memory):
    blank = reinvert(indifferent, REINVERSION, encoder=memory, progress=False).figures
    for method in ("encoder", "hybrid"):
        for name, judge in reinverted.figures["unlearned"][method]["judges"].items():
            assert blank["unlearned"][method]["judges"][name]["reinverted_id"] < judge["reinverted_id"]
    assert blank["source"] == reinverted.figures["source"]  # made twice from one seed
    # All latents show one face there, so all methods find the same.
    found = {
        round(figures["judges"]["second"]["reinverted_id"], 4) for figures in blank["unlearned"].values()
    }
    assert len(found) == 1


@pytest.mark.must
def test_controls_and_other_photos_are_measured(attacked, reinverted):
    figures = reinverted.figures
    assert {"unlearned", "without_identity", "source", "stranger"} < set(figures)
    stranger = figures["stranger"]["encoder"]
    for judge in attacked.reference.judges:
        assert stranger["judges"][judge.name]["reinverted_id"] == pytest.approx(1, abs=1e-5)
        assert stranger["as_person"]["judges"][judge.name]["reinverted_id"] < 0.9999
        photos = figures["unlearned"]["encoder"]["judges"][judge.name]["other_photos"]
        assert photos["photos"] == len(photos["values"]) == 2
        assert photos["similarity"] == max(photos["values"])
    assert figures["without_identity"]["search"] != figures["unlearned"]["search"]
    assert list(figures["without_identity"]) == ["hybrid", "search"]


@pytest.mark.must
def test_likely_latents_are_near_the_random_ones(attacked, reinverted):
    latent = reinverted.figures["unlearned"]["encoder"]["latents"][0]
    offset = np.asarray(attacked.ws - attacked.reference.mean)
    expected = np.linalg.norm(offset) / attacked.reference.median_radius
    assert latent["distance_from_mean"] == pytest.approx(expected, rel=1e-4)
    assert abs(latent["sigmas"]) < 4
    assert 0 <= latent["quantile"] <= 1


@pytest.mark.must
def test_without_an_encoder_there_is_only_the_search(attacked):
    settings = dataclasses.replace(REINVERSION, steps=1, starts=2)
    alone = dataclasses.replace(attacked, photos=attacked.photos[:1])
    figures = reinvert(alone, settings, progress=False).figures
    assert list(figures["unlearned"]) == ["search"]
    assert len(figures["unlearned"]["search"]["judges"]["second"]["values"]) == 2
    assert "other_photos" not in figures["unlearned"]["search"]["judges"]["second"]
    assert json.loads(json.dumps(figures, allow_nan=False)) == figures


@pytest.mark.must
def test_searches_start_from_nobody_who_measures_the_latents_or_is_a_control(attacked, monkeypatch):
    """With one key for both, the first search would start from one of the measured latents or strangers."""
    seen = {}

    def search_latents(*_: Any, key: jax.Array, ws: np.ndarray, **__: Any) -> Any:
        seen.update(key=key, ws=ws)
        return SimpleNamespace(ws=ws, perceptual=np.zeros(len(ws)))

    monkeypatch.setattr(reinversion, "search_latents", search_latents)
    reference = attacked.reference  # both seeds are 0 by default
    strangers = reference.random.ws
    own = dataclasses.replace(
        attacked,
        seed=reference.settings.seed,
        strangers_ws=strangers,
        strangers_photos=np.repeat(attacked.strangers_photos, len(strangers), axis=0),
    )
    reinvert(own, dataclasses.replace(REINVERSION, starts=3), progress=False)
    measured = random_latents(attacked.unlearned, seen["key"], 64)
    assert len(seen["ws"]) == 3
    for others in (measured, own.strangers_ws):
        apart = np.abs(np.asarray(others)[:, None] - seen["ws"][None, 1:]).max(axis=(2, 3))
        assert apart.min() > 0.1


@pytest.mark.must
def test_searches_stay_in_their_ball_and_never_lose(near):
    for name in ("forgotten", "stranger"):
        within = near.figures[name]["within"]
        assert [ball["radius"] for ball in within] == [0.5, 1.0]
        for ball in within:
            assert max(ball["distances"]) <= ball["radius"] * (1 + 1e-4)
            start, found = (np.array(ball["loss_network"][key]) for key in ("at_start", "found"))
            assert (found >= start).all()
            assert (found > start).any()
            for judge in ball["judges"].values():
                assert judge["search_id"] == max(judge["values"])
                assert len(judge["values"]) == NEAR.starts


@pytest.mark.must
def test_what_the_loss_network_saw_is_what_it_sees_in_the_latent(disturbed, near):
    """The second judge is the loss network, and without steps the first start is the person's own latent."""
    figures = near.figures["forgotten"]
    at_centre = figures["at_centre"]["judges"]["second"]["search_id"]
    assert at_centre < 0.9999
    assert figures["within"][1]["judges"]["second"]["search_id"] > at_centre
    stranger = near.figures["stranger"]["at_centre"]["judges"]["second"]["search_id"]
    assert stranger != at_centre


@pytest.mark.must
def test_a_search_in_the_source_keeps_the_person(attacked):
    figures = search_near(attacked, NEAR, progress=False).figures["forgotten"]
    for ball in figures["within"]:
        assert ball["loss_network"]["at_start"][0] == pytest.approx(1, abs=1e-5)
        assert ball["accepted"] is True


@pytest.mark.must
def test_searches_follow_from_the_seed(disturbed, near):
    again = search_near(disturbed, NEAR, progress=False).figures
    assert json.loads(json.dumps(again, allow_nan=False)) == near.figures
    other = search_near(dataclasses.replace(disturbed, seed=4), NEAR, progress=False).figures
    assert other["forgotten"]["within"] != again["forgotten"]["within"]


@pytest.mark.must
def test_pictures_are_of_one_size(attacked, reinverted, near):
    pictures = {**reinverted.pictures, **near.pictures}
    assert {picture.shape for picture in pictures.values()} == {attacked.photos[0].shape}
    assert {"photo", "stranger, hybrid", "search at their latent, within 0.5"} < set(pictures)


def test_rays_are_rendered_in_chunks(attacked):
    """All rays of eight searches at official size would take more memory than a GPU has."""
    ascent = Ascent(attacked, steps=1, learning_rate=0.1, views=1, samples=4, batch=1)
    assert ascent._static.compute.ray_chunk == RAY_CHUNK


def test_offsets_outside_a_ball_come_back_to_its_surface():
    rng = np.random.default_rng(0)
    axes = jnp.asarray(rng.normal(size=(5, 5)), jnp.float32)
    x = jnp.asarray(rng.normal(size=(3, 2, 5)), jnp.float32).at[2].set(0)
    ball = Ball(jnp.ones((2, 5)), axes, jnp.array([0.1, 100.0, 0.1]))
    lengths = np.linalg.norm(np.asarray(ball.latents(ball.into(x)) - ball.centre), axis=(-2, -1))
    assert lengths[0] == pytest.approx(0.1, rel=1e-5)
    assert lengths[2] == 0
    np.testing.assert_array_equal(ball.into(x)[1], x[1])


def test_faces_that_nobody_found_are_none():
    pairs = [
        {"similarity": None, "accepted": None, "stranger_rank": None},
        {"similarity": 0.4, "accepted": False, "stranger_rank": 0.1},
    ]
    assert most_alike(pairs, "id") == {
        "id": 0.4,
        "stranger_rank": 0.1,
        "accepted": False,
        "values": [None, 0.4],
    }
    assert most_alike(pairs[:1], "id")["id"] is None
    assert any_accepts({"a": {"accepted": None}}) is None
    assert any_accepts({"a": {"accepted": None}, "b": {"accepted": True}}) is True
    judge = CalibratedJudge(CosineJudge(tiny_models().judge))
    photos, seen = np.full((2, 3), np.nan), np.ones((1, 3)) / np.sqrt(3)
    assert alike_to_photos(judge, photos, seen)["accepted"] is None
    photos[1] = seen
    figures = alike_to_photos(judge, photos, seen)
    assert (figures["accepted"], figures["photos"]) == (1, 2)
    assert figures["values"] == [None, pytest.approx(1)]


@pytest.mark.must
@pytest.mark.parametrize(
    ("name", "cut", "line"),
    [
        ("ws", np.s_[:2], "ws has shape [2, 64]; give a latent [4, 64]"),
        ("photos", np.s_[:, :16], "photos has shape [3, 16, 32, 3]; give at least one as [N, 32, 32, 3]"),
        ("photos", np.s_[:0], "photos has shape [0, 32, 32, 3]; give at least one"),
        ("strangers_photos", np.s_[0], "strangers_photos has shape [32, 32, 3]; give at least one"),
        ("strangers_ws", np.s_[0], "strangers_ws has shape [4, 64]; give at least one as [N, 4, 64]"),
        ("strangers_ws", np.s_[[0, 0]], "there are 2 strangers_ws, but 1 strangers_photos; give one"),
    ],
)
def test_photos_and_latents_that_do_not_fit_are_refused(attacked, name, cut, line):
    with pytest.raises(InputError, match=re.escape(line)):
        dataclasses.replace(attacked, **{name: np.asarray(getattr(attacked, name))[cut]})


@pytest.mark.parametrize(
    ("settings", "wrong"),
    [(ReinversionSettings, {"steps": 0}), (NearSettings, {"radii": (0.0,)}), (NearSettings, {"views": 0})],
)
def test_settings_without_a_search_are_refused(settings, wrong):
    with pytest.raises(ValueError, match=r"at least 1|above 0"):
        settings(**wrong)


def test_deeper_is_more():
    for settings in (ReinversionSettings, NearSettings):
        steps = [settings.at_depth(depth).steps for depth in ("quick", "standard", "thorough")]
        assert steps == sorted(set(steps))
