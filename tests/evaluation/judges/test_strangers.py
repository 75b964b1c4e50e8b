"""Thresholds from strangers: what they are, how they are stored, and when the stored ones are used."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eg3d_flax import Compute
from jaxunlearn.errors import InputError
from jaxunlearn.evaluation import CalibratedJudge, CosineJudge, DlibJudge, EvaluationSettings, Strangers
from jaxunlearn.evaluation.judges.calibration import calibrate, embed_people, similarities
from jaxunlearn.evaluation.judges.stored import stored_calibration
from jaxunlearn.models.dlib_network import DlibNetwork
from jaxunlearn.models.loading import load_models
from jaxunlearn.models.renderer import Renderer
from tests.support.tiny_models import tiny_models, tiny_people


def symmetric(count: int, seed: int = 0) -> np.ndarray:
    table = np.random.default_rng(seed).normal(0.0, 0.3, (count, count))
    return (table + table.T) / 2


def test_one_pair_in_a_hundred_counts_as_one_person():
    table = symmetric(80)
    strangers = Strangers.of(table)
    pairs = table[np.triu_indices(80, 1)]
    assert (strangers.people, strangers.pairs) == (80, 3160)
    assert np.mean(pairs >= strangers.threshold) == pytest.approx(0.01, abs=2e-3)
    low, high = strangers.interval
    assert low < strangers.threshold < high
    assert Strangers.of(table) == strangers


def test_nobody_is_their_own_stranger():
    table = symmetric(20)
    np.fill_diagonal(table, 1.0)
    assert Strangers.of(table).threshold < 0.9
    assert Strangers.of(table).interval[1] < 0.9


@settings(max_examples=30, deadline=None)
@given(st.floats(-2, 2))
def test_the_rank_is_the_share_of_strangers_at_least_as_alike(value):
    table = symmetric(60)
    pairs = table[np.triu_indices(60, 1)]
    assert Strangers.of(table).rank(value) == pytest.approx(np.mean(pairs >= value), abs=0.01)


def test_pairs_without_a_face_are_no_strangers():
    table = symmetric(6)
    table[2] = table[:, 2] = np.nan
    assert (Strangers.of(table).people, Strangers.of(table).pairs) == (5, 10)
    table[:, 0] = table[0] = np.nan
    table[0, 0] = 1.0  # alike to themselves alone
    assert (Strangers.of(table).people, Strangers.of(table).pairs) == (4, 6)
    with pytest.raises(InputError, match="no two strangers with a face"):
        Strangers.of(np.full((4, 4), np.nan))


def test_strangers_come_back_from_json():
    strangers = Strangers.of(symmetric(12))
    assert Strangers.from_json(json.loads(json.dumps(strangers.to_json()))) == strangers


def test_without_strangers_the_network_decides_and_what_is_unknown_is_not_claimed():
    judge = CalibratedJudge(CosineJudge(tiny_models().judge))
    assert (judge.accepts(0.6), judge.accepts(0.4), judge.accepts(float("nan"))) == (True, False, None)
    assert judge.rank(0.6) is None


def test_similarities_of_views_without_a_face_are_left_out():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 3, 4, 128))
    a[1, 2] = b[2] = np.nan
    for judge in (CosineJudge(tiny_models().judge), DlibJudge(DlibNetwork.load())):
        similarity = judge.similarity(a, b)
        assert similarity[1] == pytest.approx(judge.similarity(a[1, [0, 1, 3]], b[1, [0, 1, 3]]))
        assert np.isnan(similarity[2])
        assert judge.similarity(a[0], a[0]) == pytest.approx(
            1 if isinstance(judge, DlibJudge) else np.square(a[0]).sum(axis=1).mean()
        )


def test_dlib_measures_the_distance_of_means():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 5, 128))
    expected = 1 - np.linalg.norm(a.mean(axis=0) - b.mean(axis=0))
    assert DlibJudge(DlibNetwork.load()).similarity(a, b) == pytest.approx(expected)


def test_judges_are_calibrated_on_all_pairs_of_people():
    models = tiny_models()
    renderer = Renderer(models.generator, batch=4, compute=Compute.for_platform(jax.default_backend()))
    protocol = EvaluationSettings(views=3)
    judge, ws = CosineJudge(models.judge), jnp.asarray(tiny_people(5))
    views = protocol.person_views(models.generator)
    wide = protocol.wide_views(models.generator)
    (made,) = calibrate([judge], renderer, ws, {"views": views, "wide": wide}, batch=4, progress=False)
    seen = embed_people([judge], renderer, ws, views, 4)[judge.name]
    pairs = similarities(judge, seen, seen)[np.triu_indices(5, 1)]
    assert made.strangers["views"].threshold == pytest.approx(np.quantile(pairs, 0.99), abs=1e-5)
    assert {name: strangers.pairs for name, strangers in made.strangers.items()} == {
        "views": 10,
        "single": 10,
        "wide": 10,
    }


def test_the_bundled_judges_bring_thresholds_of_the_bundled_people():
    models = load_models("heads")
    for network in models.judges:
        judge = DlibJudge(network) if isinstance(network, DlibNetwork) else CosineJudge(network)
        stored = stored_calibration(judge, models.fingerprint, EvaluationSettings())
        assert stored is not None, judge.name
        assert set(stored.strangers) == {"views", "wide", "single"}
        for strangers in stored.strangers.values():
            assert strangers.people >= 256
            low, high = strangers.interval
            assert low <= strangers.threshold <= high < 1
        assert stored_calibration(judge, "another", EvaluationSettings()) is None
        assert stored_calibration(judge, models.fingerprint, EvaluationSettings(views=3)) is None
    other = CosineJudge(models.identity)
    assert stored_calibration(other, models.fingerprint, EvaluationSettings()) is None
