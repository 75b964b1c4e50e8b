"""Forgotten people at latents that training did not draw."""

import dataclasses
import json
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxunlearn.attacks.attacked import Attacked
from jaxunlearn.attacks.rules import CHANGES
from jaxunlearn.attacks.unseen_latents import (
    UnseenSettings,
    figures_of_changes,
    unseen_latents,
    with_rows,
)
from jaxunlearn.errors import InputError
from jaxunlearn.evaluation import CosineJudge, EvaluationSettings, Reference, measure_source
from jaxunlearn.evaluation.embedded_views import embed_from_all
from jaxunlearn.evaluation.judges import CalibratedJudge
from tests.support.tiny_models import tiny_models, tiny_people, tiny_unlearned
from tests.support.tiny_reference import MeanColour

SETTINGS = UnseenSettings(noise_draws=2, partners=2)


@pytest.fixture(scope="module")
def reference() -> Reference:
    models = tiny_models()
    return measure_source(
        models.generator,
        [CosineJudge(models.judge), CosineJudge(dataclasses.replace(models.identity, name="second"))],
        models.perceptual,
        MeanColour(),
        EvaluationSettings(views=2, retained_people=2, frechet_samples=4, strangers=0, batch=8),
        progress=False,
    )


@pytest.fixture(scope="module")
def people() -> jax.Array:
    return jnp.asarray(tiny_people(2))


def unseen(reference, unlearned, ws, settings=SETTINGS, seed=0) -> dict:
    """Return the figures of the attack on one person."""
    photo = np.zeros((1, 32, 32, 3), np.float32)
    attacked = Attacked(
        tiny_models(), reference, unlearned, ws, photo, reference.random.ws[:1], photo, seed, ws[None]
    )
    return unseen_latents(attacked, settings, progress=False).figures


@pytest.fixture(scope="module")
def unchanged(reference, people):
    return [unseen(reference, tiny_models().generator, ws) for ws in people]


def test_a_generator_that_was_left_alone_shows_the_same_as_the_source(unchanged):
    assert json.loads(json.dumps(unchanged)) == unchanged
    for person in unchanged:
        for change in CHANGES:
            for figures in person[change]["judges"].values():
                assert figures["id"] == figures["source"], change
                assert figures["same_latent"] == pytest.approx(1, abs=1e-5)
                assert figures["accepted"] == figures["accepted_in_source"]
                assert figures["changes"] == 2


def test_where_everybody_looks_alike_nobody_is_found_beyond_strangers(unchanged):
    """Nobody forgot these two people, but to the tiny judges all tiny people are one."""
    for person in unchanged:
        judged = [figures for change in CHANGES for figures in person[change]["judges"].values()]
        assert all(figures["accepted"] == figures["accepted_of_strangers"] == 2 for figures in judged)
        assert person["forgotten"] is True


def test_every_judge_looks_at_every_change(unchanged, reference):
    names = [judge.name for judge in reference.judges]
    assert len(set(names)) == 2
    for change in CHANGES:
        judges = unchanged[0][change]["judges"]
        assert list(judges) == names
        assert judges[names[0]]["id"] != judges[names[1]]["id"]


def test_noise_and_somebody_elses_rows_change_the_picture(unchanged):
    sources = [figures["source"] for figures in _of_main_judge(unchanged[0])]
    assert max(sources) < 1 - 1e-6
    assert len(set(sources)) == len(CHANGES)


def _of_main_judge(figures) -> list[dict]:
    return [next(iter(figures[change]["judges"].values())) for change in CHANGES]


def test_the_figures_are_those_of_the_pictures(reference, people):
    """Without noise in the way: the rows of the first partner, rendered and compared by hand."""
    judge, changed = reference.judges[0], tiny_unlearned()
    settings = UnseenSettings(noise_draws=1, partners=1)
    figures = unseen(reference, changed, people[0], settings)
    half = len(people[0]) // 2
    mixed = jnp.concatenate([reference.random.ws[0, :half], people[0, half:]])[None]

    def seen(renderer, ws):
        return embed_from_all(renderer, [judge], ws, reference.views, 8).embeddings[judge.name][0]

    after = seen(reference.renderer.with_generator(changed), mixed)
    own = seen(reference.renderer, people[:1])
    expected = float(judge.similarity(own, after))
    measured = figures["first_rows"]["judges"][judge.name]
    assert measured["id"] == pytest.approx(expected, abs=1e-5)
    assert measured["id"] != pytest.approx(measured["source"], abs=1e-3)


def test_half_of_the_rows_are_somebody_elses():
    ws, lender = jnp.zeros((1, 5, 3)), jnp.ones((1, 5, 3))
    np.testing.assert_array_equal(with_rows(ws, lender, "first_rows")[0, :, 0], [1, 1, 0, 0, 0])
    np.testing.assert_array_equal(with_rows(ws, lender, "last_rows")[0, :, 0], [0, 0, 1, 1, 1])


def test_random_noise_follows_from_the_seed(reference, people):
    renderer, ws, c = reference.renderer, people[:1], reference.views[:1]
    first, again, other = (renderer.with_random_noise(k)(ws, c).image for k in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-4
    assert np.abs(first - renderer(ws, c).image).max() > 1e-4
    both = renderer.with_random_noise(0)(jnp.repeat(ws, 2, axis=0), jnp.repeat(c, 2, axis=0)).image
    np.testing.assert_array_equal(both[0], first[0])
    assert np.abs(both[0] - both[1]).max() > 1e-4, "each picture has noise of its own"


def test_a_judge_accepts_from_its_threshold_on():
    judge = CalibratedJudge(CosineJudge(tiny_models().judge))  # its threshold is 0.5
    own = np.array([[[1.0, 0.0]]])
    after = np.array([[[1.0, 0.0]], [[0.6, 0.8]], [[0.0, 1.0]]])
    figures = figures_of_changes(judge, own, np.repeat(own, 3, axis=0), after, after[2:])
    assert (figures["accepted"], figures["accepted_in_source"], figures["changes"]) == (2, 3, 3)
    assert figures["accepted_of_strangers"] == 0
    assert figures["id"] == pytest.approx(1.6 / 3)
    assert figures["id_max"] == pytest.approx(1.0)


def test_strangers_are_shown_by_the_unlearned_generator(reference):
    """The person is one of the strangers, so that their own changed latents are among those compared."""
    strangers = reference.random.ws[SETTINGS.partners :]
    judge, changed = reference.judges[0], tiny_unlearned()
    figures = unseen(reference, changed, strangers[0])
    renderer = reference.renderer.with_generator(changed)
    mixed = with_rows(strangers, reference.random.ws[:2], "last_rows")
    own, seen = (
        embed_from_all(each, [judge], ws, reference.views, 8).embeddings[judge.name]
        for each, ws in ((reference.renderer, strangers[:1]), (renderer, mixed))
    )
    accepted = sum(bool(judge.accepts(value)) for value in judge.similarity(own, seen))
    assert figures["last_rows"]["judges"][judge.name]["accepted_of_strangers"] == accepted


def test_without_faces_nothing_is_said():
    judge = CalibratedJudge(CosineJudge(tiny_models().judge))
    missing = np.full((2, 1, 2), np.nan)
    figures = figures_of_changes(judge, np.ones((1, 1, 2)), missing, missing, missing)
    names = ("id", "id_max", "source", "accepted", "accepted_of_strangers")
    assert [figures[name] for name in names] == [None] * 5


def test_noise_follows_from_the_attackers_seed(reference, people, unchanged):
    other = unseen(reference, tiny_models().generator, people[0], seed=1)
    assert other["noise"] != unchanged[0]["noise"]
    assert other["first_rows"] == unchanged[0]["first_rows"]
    assert other["settings"] == {"noise_draws": 2, "partners": 2, "seed": 1}


def test_too_many_partners_are_refused(reference, people):
    with pytest.raises(InputError, match=re.escape("(3) are too many: the reference has 4 people")):
        unseen(reference, tiny_models().generator, people[0], UnseenSettings(noise_draws=3, partners=2))
