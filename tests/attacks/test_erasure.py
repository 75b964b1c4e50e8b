"""Who was erased: detectors on people whose answer is known, and the whole attack on tiny models."""

import json
import re
import xml.etree.ElementTree as ElementTree

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.spatial import distance
from scipy.stats import mannwhitneyu

from eg3d_flax import Compute
from jaxunlearn.attacks.erasure import (
    ErasureMap,
    ErasureSettings,
    detect_erasure,
    detection,
    draw_erasure_map,
)
from jaxunlearn.attacks.erasure.chance import Resamplings, Wins, p_values, percentile_interval, wins_of_scores
from jaxunlearn.attacks.erasure.classifier import trained_classifier
from jaxunlearn.attacks.erasure.detectors import (
    distance_to_nearest,
    mahalanobis,
    nearest_centroid,
    score_detector,
)
from jaxunlearn.attacks.erasure.erasure_map import erasure_map
from jaxunlearn.attacks.erasure.foreseen import surprise
from jaxunlearn.errors import InputError
from jaxunlearn.limits import RAY_CHUNK
from jaxunlearn.models.cameras import conditioning_view
from tests.support.tiny_models import CONFIG, tiny_models, tiny_unlearned
from tests.support.tiny_reference import MeanColour

pytestmark = pytest.mark.long

SETTINGS = ErasureSettings(
    background=10, retained=12, views=2, fold_draws=2, bootstrap_draws=100, permutations=9
)

FORGOTTEN, RETAINED, SIZE = 6, 12, 20
"""The same as of the tiny models' people, so that the classifier is compiled once."""


def people(shift: float, seed: int = 0, forgotten: int = FORGOTTEN) -> np.ndarray:
    """Return features `[N + M, SIZE]`; the first three numbers of the forgotten are `shift` larger."""
    values = np.random.default_rng(seed).normal(size=(forgotten + RETAINED, SIZE)).astype(np.float32)
    values[:forgotten, :3] += shift
    return values


def random_people(count: int) -> jax.Array:
    """Return latents `[N, L, D]` as of seeds; those of `tiny_people` are seen by another camera."""
    z = jax.random.normal(jax.random.key(7), (count, CONFIG.z_dim))
    return tiny_models().generator.mapping(z, conditioning_view(CONFIG, count))


def detectors(values: np.ndarray, forgotten: int = FORGOTTEN):
    background = np.random.default_rng(99).normal(size=(100, SIZE))
    return {
        "density": score_detector(mahalanobis(background, values), forgotten),
        "knn": score_detector(distance_to_nearest(background, values), forgotten),
        "centroid": nearest_centroid(values, forgotten),
        "classifier": trained_classifier(values, forgotten, 5, 2, seed=0),
    }


@pytest.mark.parametrize("name", ["density", "knn", "centroid", "classifier"])
def test_an_erased_cluster_is_detected(name: str):
    values = people(shift=8.0)
    detect = detectors(values)[name]
    assert detect(np.arange(len(values))).auc > 0.85
    p = p_values({name: detect}, len(values), 19, 0, lambda: None)
    assert p.each[name] == p.strongest == 1 / 20


@pytest.mark.parametrize("name", ["density", "knn", "centroid", "classifier"])
def test_equal_people_are_not_told_apart(name: str):
    draws, order = Resamplings.draw(FORGOTTEN, RETAINED, 500, seed=0), np.arange(FORGOTTEN + RETAINED)
    wins = [detectors(people(shift=0.0, seed=k))[name](order) for k in range(100)]
    assert abs(np.mean([each.auc for each in wins]) - 0.5) < 0.06
    intervals = [percentile_interval(draws.aucs(each)) for each in wins]
    assert np.mean([low <= 0.5 <= high for low, high in intervals]) > 0.7


def test_p_values_of_equal_people_are_spread_evenly():
    order = FORGOTTEN + RETAINED
    p = [
        p_values({"density": detectors(people(0.0, k))["density"]}, order, 19, k, lambda: None).strongest
        for k in range(60)
    ]
    assert 0.35 < np.mean(p) < 0.65
    assert np.mean(np.array(p) <= 0.1) < 0.25


def test_centroids_of_few_people_are_not_biased():
    """Leaving out one person at a time, instead of a pair, would give a mean far below 0.5."""
    aucs = [nearest_centroid(people(0.0, k, forgotten=2), 2)(np.arange(2 + RETAINED)).auc for k in range(300)]
    assert abs(np.mean(aucs) - 0.5) < 0.05


def test_nearest_centroid_equals_the_centroids_written_out():
    values = people(shift=1.0)
    wins = nearest_centroid(values, FORGOTTEN)(np.arange(len(values))).share
    for i, j in ((0, 0), (3, 7), (5, 11)):
        ours = np.delete(values[:FORGOTTEN], i, axis=0).mean(axis=0)
        theirs = np.delete(values[FORGOTTEN:], j, axis=0).mean(axis=0)
        margin = (values[i] - values[FORGOTTEN + j]) @ (ours - theirs)
        assert wins[i, j] == (margin > 0)


def test_mahalanobis_with_many_people_has_no_shrinkage():
    rng = np.random.default_rng(0)
    background = rng.normal(size=(20_000, 3)) @ rng.normal(size=(3, 3)) + 5
    tested = background[:4] + 1
    inverse = np.linalg.inv(np.cov(background.T))
    expected = [distance.mahalanobis(row, background.mean(axis=0), inverse) ** 2 for row in tested]
    np.testing.assert_allclose(mahalanobis(background, tested), expected, rtol=0.01)


def test_mahalanobis_with_fewer_people_than_features_is_finite():
    background = np.random.default_rng(0).normal(size=(5, 30))
    assert np.all(np.isfinite(mahalanobis(background, background + 1)))
    same = np.ones((5, 30))
    assert np.all(np.isfinite(mahalanobis(same, same + 1)))


def test_what_a_latent_foretells_is_expected_and_all_else_surprises():
    rng = np.random.default_rng(0)
    latents = rng.normal(size=(120, 3))
    features = np.stack([np.sin(latents[:, 0]), latents[:, 1] * latents[:, 2]], axis=1)
    moved = np.arange(100, 105)
    features[moved] = features[rng.permutation(100)[:5]]  # like somebody else, so not unusual by themselves
    scores = surprise(latents[:100], features[:100], latents[100:], features[100:])
    assert wins_of_scores(scores[:5], scores[5:]).auc > 0.95
    assert np.median(scores[5:]) < 0.1


def test_surprise_chooses_the_penalty_that_people_left_out_confirm():
    """If latents foretell nothing, the expectation is the mean, and its error the variance."""
    rng = np.random.default_rng(0)
    latents, features = rng.normal(size=(240, 3)), rng.normal(size=(240, 2))
    scores = surprise(latents[:200], features[:200], latents[200:], features[200:])
    assert 0.7 < scores.mean() < 1.4


def test_area_under_the_curve_is_that_of_the_rank_test():
    forgotten, retained = np.array([1.0, 2.0, 2.0, 7.0]), np.array([0.0, 2.0, 5.0])
    expected = mannwhitneyu(forgotten, retained).statistic / 12
    assert wins_of_scores(forgotten, retained).auc == pytest.approx(expected)


def test_pairs_that_were_never_compared_do_not_count():
    wins = Wins(np.array([[1.0, 0.0], [0.0, 0.0]]), np.array([[2, 1], [0, 0]]))
    assert wins.auc == pytest.approx(2 / 3)


@pytest.fixture(scope="module")
def unchanged():
    """The source as "unlearned" generator."""
    models = tiny_models()
    return detect_erasure(
        models, models.generator, random_people(6), SETTINGS, features=MeanColour(), progress=False
    )


def test_the_source_gives_nobody_away(unchanged):
    figures = unchanged.figures
    assert figures["erasure_auc"] == figures["source"]["erasure_auc"]
    assert figures["strongest"]["p_value"] > 0.1
    assert "classifier" in figures["above_source"]
    for name in figures["erasure_auc"]:
        assert figures["above_source"][name] == {"difference": 0.0, "interval": [0.0, 0.0]}
    assert figures["with_source"] == {"auc": 0.5, "interval": [0.5, 0.5]}
    assert figures["people"] == {"forgotten": 6, "retained": 12, "background": 10, "views": 2}
    np.testing.assert_array_equal(unchanged.map.before, unchanged.map.after)


def test_figures_are_json_and_follow_from_the_seed(unchanged):
    models = tiny_models()
    again = detect_erasure(
        models, models.generator, random_people(6), SETTINGS, features=MeanColour(), progress=False
    )
    assert json.loads(json.dumps(again.figures)) == unchanged.figures


def test_a_single_person_has_a_rank_and_no_area():
    models, changed = tiny_models(), tiny_unlearned()
    figures = detect_erasure(
        models, changed, random_people(1), SETTINGS, features=MeanColour(), progress=False
    ).figures
    assert {auc["auc"] for auc in figures["erasure_auc"].values()} == {None}
    assert figures["erasure_auc"]["classifier"]["reason"] == "needs at least 5 forgotten people"
    assert figures["erasure_auc"]["knn_identity"]["reason"] == "needs at least 2 forgotten people"
    assert all(len(ranks) == 1 and 0 <= ranks[0] <= 1 for ranks in figures["erasure_ranks"].values())
    assert figures["erasure_ranks"] != figures["source"]["erasure_ranks"]
    assert "strongest" not in figures


def test_latents_of_another_shape_or_given_twice_are_refused():
    models, ws = tiny_models(), random_people(2)
    with pytest.raises(InputError, match=re.escape("ws has shape [2, 3]; give at least 1 latents")):
        detect_erasure(models, models.generator, jnp.zeros((2, 3)), SETTINGS)
    with pytest.raises(InputError, match="latents 0 and 1 of ws and retained_ws are the same"):
        detect_erasure(models, models.generator, ws[jnp.zeros(2, int)], SETTINGS)


def test_rays_are_rendered_in_chunks(monkeypatch):
    """All rays of sixteen pictures at official size would take more memory than a GPU has."""
    chunks = []

    def renderer(*_, compute: Compute, **__) -> None:
        chunks.append(compute.ray_chunk)
        raise InterruptedError

    monkeypatch.setattr(detection, "Renderer", renderer)
    with pytest.raises(InterruptedError):
        detect_erasure(tiny_models(), tiny_unlearned(), random_people(1), SETTINGS)
    assert chunks == [RAY_CHUNK]


def test_map_keeps_the_two_widest_directions():
    values = np.random.default_rng(0).normal(size=(20, 5)) * np.array([9.0, 1.0, 4.0, 0.1, 0.1])
    points = erasure_map(values[:10], values[10:], forgotten=3)
    together = np.concatenate([points.before, points.after])
    centred = values - values.mean(axis=0)
    for axis, feature in enumerate((0, 2)):
        assert abs(np.corrcoef(together[:, axis], centred[:, feature])[0, 1]) > 0.9
    assert points.variance[0] > points.variance[1] > 0


def test_drawing_shows_every_person_in_both_panels():
    rng = np.random.default_rng(0)
    drawing = draw_erasure_map(ErasureMap(rng.normal(size=(9, 2)), rng.normal(size=(9, 2)), (0.4, 0.2), 3))
    root = ElementTree.fromstring(drawing)
    space = "{http://www.w3.org/2000/svg}"
    assert len(root.findall(f"{space}circle")) == 2 * 9 + 2  # and the legend
    texts = [text.text for text in root.iter(f"{space}text")]
    assert texts.count("2") >= 2
    assert "principal component 1 (40% of the variance)" in texts


def test_settings_refuse_too_few_people():
    with pytest.raises(ValueError, match="must each be at least twice folds"):
        ErasureSettings(retained=9)
