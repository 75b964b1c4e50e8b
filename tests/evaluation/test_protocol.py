"""An evaluation of the bundled generator, from two generators to figures in JSON."""

import copy
import dataclasses
import json
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from hypothesis import given
from hypothesis import strategies as st

import lpips_flax
from eg3d_flax import TriPlaneGenerator
from jaxunlearn.evaluation import (
    AlexNetFeatures,
    CosineJudge,
    DlibJudge,
    EvaluationSettings,
    Reference,
    evaluate_generator,
    evaluate_together,
    measure_people,
    measure_person,
    measure_source,
    retention,
)
from jaxunlearn.evaluation.embedded_views import embed_each
from jaxunlearn.evaluation.features import descriptions
from jaxunlearn.evaluation.judges.answers import all_known, any_known, negated
from jaxunlearn.evaluation.pictures.picture_change import change_of_all, picture_change
from jaxunlearn.evaluation.protocol import PROTOCOL
from jaxunlearn.evaluation.real_images import RealStatistics, statistics_of_images
from jaxunlearn.evaluation.reference import compared_with_real
from jaxunlearn.evaluation.retention import compare_retained
from jaxunlearn.methods import latents
from jaxunlearn.models.cameras import conditioning_view
from jaxunlearn.models.dlib_network import DlibNetwork
from jaxunlearn.models.identity import load_identity
from jaxunlearn.models.renderer import latents_of_seeds
from tests.support import tiny_reference
from tests.support.few_rays import with_few_rays
from tests.support.sugar_golden import sugar_golden
from tests.support.tiny_models import tiny_people, tiny_unlearned
from tests.support.tiny_reference import MeanColour

SETTINGS = EvaluationSettings(
    views=3,
    retained_people=5,
    frechet_samples=12,
    near_radii=(0.5, 1.0),
    strangers=6,
    truncations=(0.5,),
    batch=8,
)


@pytest.fixture(scope="module")
def source() -> TriPlaneGenerator:
    return with_few_rays(16)


@pytest.fixture(scope="module")
def reference(source) -> Reference:
    perceptual = lpips_flax.load("alex")
    real = np.random.default_rng(0).uniform(-1, 1, (6, 64, 64, 3)).astype(np.float32)
    features = AlexNetFeatures(perceptual)
    measured = measure_source(
        source,
        [CosineJudge(load_identity("heads-judge")), DlibJudge(DlibNetwork.load())],
        perceptual,
        features,
        SETTINGS,
        real=statistics_of_images(real, features, 4),
        progress=False,
    )
    return dataclasses.replace(measured, groups={"first two": np.arange(5) < 2})


@pytest.fixture(scope="module")
def person(source) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Somebody, their target, and others like them."""
    ws = latents_of_seeds(source, [1], conditioning_view(source.config))[0]
    target = latents.extrapolated_target(ws, source.w_avg, 25.0)
    return ws, target, jnp.stack([0.95 * ws, 1.05 * ws])


@pytest.fixture(scope="module")
def unchanged(source, reference, person):
    return evaluate_generator(reference, source, *person, progress=False)


@pytest.fixture(scope="module")
def faded(source) -> TriPlaneGenerator:
    """Everybody's picture is faded out."""
    faded = copy.deepcopy(source)
    torgb = faded.backbone.synthesis.b64.torgb
    torgb.bias[...] = torgb.bias[...] + 3.0
    return faded


@pytest.fixture(scope="module")
def changed(reference, faded, person):
    return evaluate_generator(reference, faded, person[0], progress=False)


def test_a_generator_that_was_left_alone(unchanged):
    figures = unchanged
    for name in ("id", "id_others", "others_id", "others_id_p5"):
        assert figures[name] == pytest.approx(1, abs=1e-5), name
    for name in ("id_std", "fid_pre", "delta_fid_real", "retained_lpips", "retained_mse"):
        assert figures[name] == pytest.approx(0, abs=1e-5), name
    assert figures["retained_ssim"] == pytest.approx(1)
    assert figures["retained_psnr"] == 100
    assert figures["forgotten"] is False
    assert figures["forgotten_by"] == dict.fromkeys(("latent", "wide", "truncated", "photos"), False)
    assert figures["others_lost"] == 0
    assert figures["others_lost_counts"]["people"] == 5
    assert figures["others_lost_by_group"]["first two"]["people"] == 2
    for name in ("heads identity judge", "dlib"):
        judged = figures["judges"][name]
        assert [judged["id"], judged["id_others_max"]] == pytest.approx([1, 1], abs=1e-5), name
        assert judged["stranger_rank"] == 0, name
        assert (judged["others_found"], judged["others_known"], judged["others"]) == (2, 2, 2), name
        for value in judged["truncated"].values():
            assert value["id"] == pytest.approx(value["source"], abs=1e-5)
    assert all(near["lost"] in (0, None) for near in figures["near"].values())


def test_the_target_is_somebody_else(unchanged):
    assert unchanged["id_target"] < unchanged["threshold"]
    assert unchanged["id_to_target"] == pytest.approx(unchanged["id_target"], abs=1e-5)


def test_a_damaged_generator_shows_in_every_figure(unchanged, changed):
    for name in ("id", "others_id", "others_id_p5", "retained_psnr", "retained_ssim"):
        assert changed[name] < unchanged[name] - 0.01, name
    for name in ("fid_pre", "retained_lpips", "retained_mse"):
        assert changed[name] > unchanged[name] + 0.01, name
    assert changed["delta_fid_real"] != pytest.approx(0, abs=0.01)
    assert changed["others_id_p5"] <= changed["others_id"]


def test_one_judge_in_one_place_is_enough_not_to_forget(reference, changed, person):
    """A faded picture still has the shape that dlib's network looks at."""
    for place, free in changed["forgotten_by"].items():
        found = (judged["found"][place] for judged in changed["judges"].values())
        assert free is negated(any_known(found))
    assert changed["forgotten"] is all_known(changed["forgotten_by"].values())
    assert changed["forgotten_by"]["photos"] is None


def test_strangers_set_the_thresholds(unchanged, reference):
    for judge in reference.judges:
        for setup, strangers in judge.strangers.items():
            stored = unchanged["strangers"][judge.name][setup]
            assert stored["threshold"] == strangers.threshold == judge.threshold(setup)
            assert (stored["people"], stored["pairs"], stored["far"]) == (6, 15, 0.01)
            assert strangers.quantiles[0] < strangers.threshold <= strangers.quantiles[-1] + 1e-4
        assert unchanged["judges"][judge.name]["threshold"] == judge.threshold("views")


def test_near_people_are_where_they_are_said_to_be(source, reference, person, monkeypatch):
    seen = []
    monkeypatch.setattr(
        retention, "embed_each", lambda *arguments: seen.append(arguments[2]) or embed_each(*arguments)
    )
    near = retention.compare_near(reference, source, person[0][None])
    distances = [jnp.sqrt(jnp.sum(jnp.square(ws - person[0]), axis=(1, 2))) for ws in seen]
    itself, close, close_after, far, far_after = (each / reference.median_radius for each in distances)
    assert not itself.any()
    assert list(near) == [0.5, 1.0]
    for radius, before, after in zip(near, (close, far), (close_after, far_after), strict=True):
        np.testing.assert_allclose([before, after], radius, rtol=1e-4)
    for near_person, random_person in zip(seen[1], reference.random.ws, strict=False):
        step, way = (each - person[0] for each in (near_person, random_person))
        np.testing.assert_allclose(step / jnp.linalg.norm(step), way / jnp.linalg.norm(way), atol=1e-4)


def test_settings_come_back_from_json():
    stored = json.loads(json.dumps(dataclasses.asdict(SETTINGS)))
    assert EvaluationSettings.from_json(stored) == SETTINGS


def test_people_near_by_in_random_directions():
    settings = dataclasses.replace(SETTINGS, near_direction="random")
    ws = jnp.ones((1, 2, 4))
    steps = settings.near_people(ws, jnp.zeros((5, 2, 4)), 3.0) - ws
    np.testing.assert_allclose(jnp.linalg.norm(steps, axis=(1, 2)), 3, rtol=1e-6)
    assert not np.allclose(steps[0], steps[1])


@pytest.mark.must
def test_many_people_are_judged_as_each_alone_is(source, reference, faded, person):
    """More of them than are looked at together; the second has other pictures, too."""
    reference = dataclasses.replace(reference, settings=dataclasses.replace(SETTINGS, batch=3))
    seeds = list(range(5))
    ws = latents_of_seeds(source, seeds, conditioning_view(source.config))
    targets, others = ws[::-1], {1: person[2]}
    measured, distance = measure_people(reference, faded, ws, targets, others, progress=False)
    people = [each.figures for each in measured]
    assert [k for k, figures in enumerate(people) if figures["id_others"] is not None] == [1]
    for k in (1, len(people) - 1):
        alone = measure_person(reference, faded, ws[k], targets[k], others.get(k)).figures
        flat = {name: value for name, value in alone.items() if not isinstance(value, dict)}
        assert {name: people[k][name] for name in flat} == pytest.approx(flat, abs=1e-5), k
        assert people[k]["forgotten_by"] == alone["forgotten_by"]
    assert distance is not None
    assert distance > 0.01


def single_view() -> Reference:
    """Return the source of the tiny models, measured once for a single view of the forgotten."""
    return tiny_reference.tiny_reference(dataclasses.replace(tiny_reference.SETTINGS, views=1))


def test_a_single_picture_has_no_frechet_distance():
    """One person of a shared generator, from one view."""
    ws = jnp.asarray(tiny_people(1))
    figures = evaluate_together(single_view(), tiny_unlearned(), ws, ws, progress=False)
    assert figures["fid_forget"] is None
    assert figures["id"] < 1
    assert figures["fid_pre"] > 0


def test_the_distance_to_real_images_has_grown_by_the_change():
    """Where the real images are what the source shows. Retained people know which forgotten one is near."""
    measured, forgotten = single_view(), tiny_people(2)
    real = RealStatistics(measured.people.statistics, 4, "mean colour", "source")
    measured = dataclasses.replace(measured, real=compared_with_real(measured.people, real))
    after = compare_retained(measured, tiny_unlearned(), jnp.asarray(forgotten), progress=False)
    assert after.figures["delta_fid_real"] == pytest.approx(after.figures["fid_pre"], abs=1e-5)
    assert after.figures["fid_pre"] > 1e-3
    for person, ws in zip(after.people, measured.random.ws, strict=False):
        apart = np.linalg.norm(np.asarray(ws) - forgotten, axis=(1, 2)) / measured.median_radius
        assert person["nearest"] == apart.argmin()
        assert person["distance"] == pytest.approx(apart.min(), rel=1e-4)


def test_truncated_latents_lie_between_the_mean_and_the_person():
    measured, person = single_view(), jnp.asarray(tiny_people(1)[0])
    settings = dataclasses.replace(measured.settings, truncations=(0.0, 1.0))
    mean = jnp.broadcast_to(measured.mean, person.shape)
    measured = dataclasses.replace(measured, settings=settings)
    (judged,) = measure_person(measured, tiny_unlearned(), person, mean).figures["judges"].values()
    source = {psi: value["source"] for psi, value in judged["truncated"].items()}
    assert source == pytest.approx({"0.0": judged["id_target"], "1.0": 1}, abs=1e-5)
    assert judged["id_target"] is not None
    assert judged["id_target"] < 1 - 1e-4


def test_strangers_random_people_and_those_of_choices_are_different_people(source):
    ws = [
        SETTINGS.random_strangers(source),
        *(SETTINGS.random_people(source, apart=apart).ws for apart in (False, True)),
    ]
    everybody = np.concatenate(ws)[:, 0]
    assert len(np.unique(everybody, axis=0)) == len(everybody)


def test_the_change_of_a_persons_pictures(unchanged, changed):
    still = unchanged["picture_change"]
    assert still["pictures"] == changed["picture_change"]["pictures"] == SETTINGS.views
    assert (still["mse"]["mean"], still["psnr"]["mean"]) == (0, 100)
    assert still["lpips"]["mean"] == pytest.approx(0, abs=1e-6)
    assert still["ssim"]["mean"] == still["ssim_uniform"]["mean"] == pytest.approx(1)
    for name, sign in (("mse", 1), ("lpips", 1), ("psnr", -1), ("ssim", -1), ("ssim_uniform", -1)):
        moved = changed["picture_change"][name]
        assert sign * (moved["mean"] - still[name]["mean"]) > 0.01, name
        assert moved["std"] > 0, name


def test_the_change_of_many_people_is_that_of_all_their_pictures():
    """Also where they have unequally many."""
    rng = np.random.default_rng(0)
    before, after = rng.uniform(-1, 1, (2, 7, 32, 32, 3)).astype(np.float32)
    parts = [slice(0, 4), slice(4, 6), slice(6, 7)]
    people = [picture_change(lpips_flax.load("alex"), before[part], after[part], 4) for part in parts]
    assert people[2]["mse"]["std"] is None
    together = change_of_all(people)
    alone = picture_change(lpips_flax.load("alex"), before, after, 4)
    assert together["pictures"] == 7
    for name in ("mse", "psnr", "lpips", "ssim", "ssim_uniform"):
        assert together[name]["mean"] == pytest.approx(alone[name]["mean"], rel=1e-5), name
        assert together[name]["std"] == pytest.approx(alone[name]["std"], rel=1e-4), name
        means = [person[name]["mean"] for person in people]
        assert together[name]["std_people"] == pytest.approx(np.std(means, ddof=1)), name
    assert change_of_all(people[:1])["mse"]["std_people"] is None


def test_what_was_not_given_is_none(changed):
    assert changed["id_others"] is changed["id_target"] is changed["id_to_target"] is None
    assert changed["counts"]["other_latents"] == 0


def test_figures_name_their_networks_and_are_json(unchanged, changed):
    for figures in (unchanged, changed):
        assert json.loads(json.dumps(figures, allow_nan=False)) == figures
    assert unchanged["networks"] == {
        "identity": load_identity("heads-judge").name,
        "judges": [load_identity("heads-judge").name, "dlib"],
        "perceptual": "lpips-alex",
        "frechet": "alexnet",
    }
    counts = dict(unchanged["counts"])
    assert re.fullmatch("[0-9a-f]{16}", counts.pop("real_images_sha256"))
    assert counts == {
        "views": 3,
        "other_latents": 2,
        "retained_people": 5,
        "frechet_samples": 12,
        "real_images": 6,
        "frechet": {"fid_pre": [12, 12], "kid_pre": [12, 12], "delta_fid_real": [12, 6]},
    }
    assert unchanged["settings"]["batch"] == 8
    assert unchanged["align"] == "fixed"
    assert unchanged["protocol"] == PROTOCOL
    assert unchanged["pairs_without_face"] == unchanged["retained_without_face"] == 0


@pytest.mark.parametrize("batch", [1, 4, 5, 9])
def test_batches_do_not_matter(batch):
    """Also where they do not divide the number of images."""
    images = np.random.default_rng(0).uniform(-1, 1, (9, 8, 8, 3)).astype(np.float32)
    np.testing.assert_allclose(descriptions(MeanColour(), images, batch), images.mean((1, 2)), atol=1e-6)


@pytest.mark.parity
@pytest.mark.parametrize(("pivot", "suffix"), [((0.0, 0.0, 0.0), ""), ((0.0, 0.0, 0.2), "_pivot02")])
def test_the_views_are_the_official_ones(source, pivot, suffix):
    """11 views from -15 to 15 degrees, a little from above, and the camera that people are mapped for."""
    case = sugar_golden("eval_cameras")
    source = copy.copy(source)
    source.config = dataclasses.replace(source.config, avg_camera_pivot=pivot)
    case.check(f"views{suffix}", EvaluationSettings().person_views(source), 1e-6)
    case.check(f"conditioning{suffix}", conditioning_view(source.config)[0], 1e-6)


def test_official_views_look_at_the_origin(source):
    """Whatever the model's own pivot is; also those of random people, and the camera they are mapped for."""
    model = copy.copy(source)
    model.config = dataclasses.replace(source.config, avg_camera_pivot=(0.0, 0.0, 0.2))
    official = dataclasses.replace(EvaluationSettings.official(), frechet_samples=256)
    sugar_golden("eval_cameras").check("views", official.person_views(model), 1e-6)
    origin = copy.copy(source)
    origin.config = official.cameras(model)
    own = dataclasses.replace(official, pivot="model")
    for ours, theirs in zip(official.random_people(model), own.random_people(origin), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert not np.allclose(official.wide_views(model), own.wide_views(model))


def test_a_generator_of_another_config_is_refused(source, reference):
    other = copy.copy(source)
    other.config = dataclasses.replace(source.config, depth_resolution=5)
    with pytest.raises(ValueError, match="compiled for one config"):
        reference.renderer.with_generator(other)


def test_features_are_averages_over_the_image():
    """Whatever the size of the images, and the same for each image alone."""
    images = jnp.asarray(np.random.default_rng(0).uniform(-1, 1, (3, 96, 96, 3)), jnp.float32)
    features = AlexNetFeatures(lpips_flax.load("alex"))
    described = features(images)
    assert described.shape == (3, 256)
    assert features(images[:, :64, :64]).shape == (3, 256)
    np.testing.assert_allclose(features(images[1:2]), described[1:2], atol=1e-4)


def test_features_of_another_network_are_not_called_alexnet():
    with pytest.raises(ValueError, match="not on 'squeeze'"):
        AlexNetFeatures(nnx.eval_shape(lambda: lpips_flax.LPIPS("squeeze", rngs=nnx.Rngs(0))))


@given(samples=st.integers(-2, 4), retained=st.integers(-2, 6))
def test_numbers_of_people_make_sense_or_are_refused(samples, retained):
    if samples >= 2 and 1 <= retained <= samples:
        EvaluationSettings(frechet_samples=samples, retained_people=retained)
    else:
        with pytest.raises(ValueError, match="retained_people"):
            EvaluationSettings(frechet_samples=samples, retained_people=retained)
