"""Fine-tuning an unlearned generator: its step, relearning from one photo, and other people only."""

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
from tqdm import tqdm

from jaxunlearn.attacks import relearning
from jaxunlearn.attacks.attacked import Attacked, Found
from jaxunlearn.attacks.benign import BenignSettings, figures_of_trained, finetune_benignly
from jaxunlearn.attacks.finetuning import (
    Examples,
    FinetuningDiverged,
    FinetuningSettings,
    begin,
    finetuning_step,
    generator_of,
)
from jaxunlearn.attacks.relearning import RelearnSettings, figures_of_curve, nearest_yaw, relearn
from jaxunlearn.errors import InputError
from jaxunlearn.evaluation import EvaluationSettings, Reference, measure_source
from jaxunlearn.models.cameras import views
from jaxunlearn.models.generator import Generator, synthesis_parameters
from tests.support.tiny_models import numbers, tiny_models, tiny_people
from tests.support.tiny_reference import MeanColour

pytestmark = pytest.mark.long

TUNING = FinetuningSettings(learning_rate=3e-3)
RELEARN = RelearnSettings(steps=8, check_every=4, strangers=2, yaws=(-0.5, 0.0, 0.5), tuning=TUNING)
BENIGN = BenignSettings(steps=4, people=2, views=2, batch=4, tuning=TUNING)


class PictureJudge:
    """Compares pictures pixel by pixel."""

    name, network, measure, threshold = "pictures", (), "cosine", None
    align, detector_origin = "fixed", None

    def embeddings(self, images: np.ndarray, c: jax.Array, batch: int) -> np.ndarray:
        flat = images.reshape(len(images), -1)
        return flat / np.linalg.norm(flat, axis=1, keepdims=True)

    def similarity(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.mean(np.sum(a * b, axis=-1), axis=-1)


@pytest.fixture(scope="module")
def reference() -> Reference:
    models = tiny_models()
    settings = EvaluationSettings(views=3, retained_people=2, frechet_samples=4, strangers=4, batch=4)
    judge = PictureJudge()
    return measure_source(
        models.generator, judge, models.perceptual, MeanColour(), settings, mean=models.w_avg, progress=False
    )


@pytest.fixture(scope="module")
def changed() -> Generator:
    """The source with other weights in the part that is trained."""
    graphdef, trainable, fixed = nnx.split(tiny_models().generator, synthesis_parameters, ...)
    rng = np.random.default_rng(0)
    trainable = jax.tree.map(
        lambda x: jnp.asarray(np.asarray(x) + 0.5 * rng.normal(size=x.shape).astype(np.float32)), trainable
    )
    return nnx.merge(graphdef, trainable, fixed)


@pytest.fixture(scope="module")
def attacked(reference, changed) -> Attacked:
    models, ws = tiny_models(), jnp.asarray(tiny_people(3))
    c = jnp.repeat(views(models.generator.config), 3, axis=0)
    photos = np.clip(reference.renderer(ws, c).image, -1, 1)
    return Attacked(models, reference, changed, ws[0], photos[:1], ws[1:], photos[1:], 3, ws[:1])


@pytest.fixture(scope="module")
def relearned(attacked) -> Found:
    return relearn(attacked, RELEARN, progress=False)


@pytest.fixture(scope="module")
def benign(attacked) -> Found:
    return finetune_benignly(attacked, BENIGN, progress=False)


def one_example(attacked: Attacked) -> Examples:
    c = views(attacked.models.generator.config)[None]
    return Examples(attacked.ws[None], c.reshape(1, 25), jnp.asarray(attacked.photos))


def test_steps_lower_the_loss_and_change_the_trainable_weights_only(attacked, changed):
    before = numbers(changed)
    program, state, frozen = begin(changed, attacked.models.perception(), TUNING)
    losses = []
    for _ in range(3):
        state, measured = finetuning_step(program, state, frozen, one_example(attacked))
        losses.append(measured["loss"])
    assert losses[2] < losses[1] < losses[0]
    tuned = generator_of(program, state, frozen)
    after = jax.tree_util.tree_leaves_with_path(nnx.state(tuned))
    moved = {
        path
        for (path, x), y in zip(after, jax.tree.leaves(before), strict=True)
        if np.any(np.asarray(x) != y)
    }
    assert moved
    assert all(str(path[:2]) == "('backbone', 'synthesis')" for path in map(_names, moved))
    jax.tree.map(np.testing.assert_array_equal, numbers(changed), before)


def _names(path: tuple) -> tuple:
    return tuple(getattr(key, "key", key) for key in path)


def test_a_minibatch_is_the_mean_of_its_examples(attacked, changed):
    """The same example twice gives the same step as once, and two give the mean of their losses."""
    example = one_example(attacked)
    other = example._replace(images=-example.images)

    def step(*examples: Examples) -> tuple[dict, dict[str, float]]:
        program, state, frozen = begin(changed, attacked.models.perception(), TUNING)
        together = jax.tree.map(lambda *x: jnp.concatenate(x), *examples)
        state, measured = finetuning_step(program, state, frozen, together)
        return numbers(generator_of(program, state, frozen)), measured

    (once, first), (twice, _), (_, second), (_, both) = (
        step(example), step(example, example), step(other), step(example, other)
    )  # fmt: skip
    jax.tree.map(np.testing.assert_array_equal, once, twice)
    for name, value in both.items():
        assert value == pytest.approx((first[name] + second[name]) / 2, rel=1e-5)


def test_fine_tuning_that_diverges_is_refused(attacked, changed):
    program, state, frozen = begin(changed, attacked.models.perception(), TUNING)
    broken = one_example(attacked)._replace(images=jnp.full_like(attacked.photos, jnp.nan))
    with pytest.raises(FinetuningDiverged, match=re.escape("the loss is nan with a learning rate of 0.003")):
        finetuning_step(program, state, frozen, broken)


def test_the_source_needs_no_step(attacked):
    unchanged = dataclasses.replace(attacked, unlearned=attacked.models.generator)
    figures = relearn(unchanged, RELEARN, progress=False).figures
    assert (figures["person"]["relearn_steps"], figures["person"]["more_than"]) == (0, None)
    assert figures["person"]["steps"] == [0]
    assert [stranger["steps"][:2] for stranger in figures["strangers"]] == [[0, 4]] * 2


def test_a_changed_generator_gets_nearer(relearned, attacked):
    for figures in (relearned.figures["person"], *relearned.figures["strangers"]):
        (judged,) = figures["judges"].values()
        assert judged["accepted"][0] is False
        assert figures["relearn_steps"] != 0
        assert max(judged["similarity"][1:]) > judged["similarity"][0]
        assert len(judged["similarity"]) == len(figures["steps"])
        assert figures["photo"] == {"is_source_rendering": True, "yaw": 0.0}
    last = relearned.figures["person"]["steps"][-1]
    assert {"before", f"person after {last} steps", "photo of the stranger"} <= relearned.pictures.keys()
    before, after, source = (
        relearned.pictures[name] for name in ("before", f"person after {last} steps", "person in the source")
    )
    assert np.mean(np.square(after - source)) < np.mean(np.square(before - source))
    assert all(image.shape == attacked.photos[0].shape for image in relearned.pictures.values())


def test_attacks_are_json_and_follow_from_the_seed(relearned, benign, attacked):
    json.dumps(relearned.figures, allow_nan=False)
    figures = json.loads(json.dumps(benign.figures, allow_nan=False))
    again = finetune_benignly(attacked, BENIGN, progress=False)
    assert figures == json.loads(json.dumps(again.figures))
    for label, image in benign.pictures.items():
        np.testing.assert_array_equal(image, again.pictures[label])
    unlike = finetune_benignly(dataclasses.replace(attacked, seed=4), BENIGN, progress=False)
    assert unlike.figures["benign_id"] != benign.figures["benign_id"]


def test_benign_fine_tuning_teaches_the_others(benign, reference):
    name, figures = reference.judge.name, benign.figures
    assert 0 < figures["loss"]["last"] < figures["loss"]["first"]
    assert figures["benign_id"][name].keys() == figures["before"][name].keys()
    assert figures["benign_id"][name]["similarity"] != figures["before"][name]["similarity"]
    trained = figures["trained_people"][name]
    assert trained["people"] == BENIGN.people
    assert trained["id"] > trained["id_before"]


def test_trained_people_without_a_face_are_not_counted(reference):
    rng = np.random.default_rng(0)
    source = rng.normal(size=(3, 1, 8))
    source /= np.linalg.norm(source, axis=-1, keepdims=True)
    after = source.copy()
    after[1], after[2] = -source[1], np.nan
    figures = figures_of_trained(reference.judge, source, source, after)
    assert figures["people"] == 2
    assert figures["id"] == pytest.approx(0)
    assert (figures["lost_before"], figures["lost"]) == (0, 1)


def looked(**accepted: bool | None) -> dict:
    return {
        name: {"similarity": 0.5, "accepted": answer, "stranger_rank": None}
        for name, answer in accepted.items()
    }


def test_relearn_steps_are_those_of_the_first_look_at_which_all_accept():
    looks = [
        looked(a=False, b=False),
        looked(a=True, b=False),
        looked(a=False, b=True),
        looked(a=True, b=True),
    ]
    figures = figures_of_curve([0, 2, 4, 6], looks, cap=6)
    assert (figures["relearn_steps"], figures["more_than"]) == (6, None)
    assert [figures["judges"][name]["relearn_steps"] for name in "ab"] == [2, 4]
    figures = figures_of_curve([0, 2, 4], looks[:3], cap=4)
    assert (figures["relearn_steps"], figures["more_than"]) == (None, 4)


def test_a_judge_that_cannot_say_gives_no_number():
    figures = figures_of_curve([0, 2], [looked(a=None, b=False), looked(a=None, b=True)], cap=2)
    assert (figures["relearn_steps"], figures["more_than"]) == (None, None)
    assert figures["judges"]["a"] == {**figures["judges"]["a"], "relearn_steps": None, "more_than": None}
    assert figures["judges"]["b"]["relearn_steps"] == 2


def test_a_person_is_taught_until_all_judges_accept(monkeypatch):
    looks = iter([looked(a=False, b=False), looked(a=True, b=False), looked(a=True, b=True), looked()])
    monkeypatch.setattr(relearning, "_tuned", lambda *_: ((step, object()) for step in (4, 8, 12)))
    monkeypatch.setattr(relearning, "begin", lambda *_: None)
    attacked: Any = SimpleNamespace(
        ws=np.zeros((2, 3)),
        unlearned=None,
        models=SimpleNamespace(perception=lambda: None),
        embeddings={},
        embed_views=lambda *_: SimpleNamespace(embeddings={}),
        compared=lambda *_: {name: [figures] for name, figures in next(looks).items()},
    )
    lesson: Any = SimpleNamespace(photo=np.zeros((4, 4, 3)), c=None, wanted={})
    with tqdm(disable=True) as bar:
        _, curve = relearning._teach(
            attacked, lesson, attacked, RelearnSettings(steps=12, check_every=4), None, bar
        )
    assert (curve["steps"], curve["relearn_steps"]) == ([0, 4, 8], 8)


def test_the_yaw_of_the_mean_face_is_found(attacked, reference):
    """The mean face itself is seen best from where it was rendered."""
    ws = jnp.broadcast_to(attacked.models.w_avg, (1, *attacked.ws.shape))
    renderer = reference.renderer.with_generator(attacked.unlearned)
    for yaw in RELEARN.yaws:
        photo = renderer(ws, views(attacked.models.generator.config, np.array([yaw]))).image[0]
        assert nearest_yaw(attacked, photo, RELEARN.yaws) == yaw


def test_too_few_strangers_are_refused(attacked):
    with pytest.raises(InputError, match="the person has 2 strangers; give 3"):
        relearn(attacked, dataclasses.replace(RELEARN, strangers=3))


def test_settings_are_checked():
    with pytest.raises(ValueError, match="check_every"):
        RelearnSettings(steps=3, check_every=4)
    with pytest.raises(ValueError, match="strangers"):
        RelearnSettings(strangers=0)
    with pytest.raises(ValueError, match="learning_rate"):
        FinetuningSettings(learning_rate=0)
    with pytest.raises(ValueError, match="batch"):
        BenignSettings(people=1, views=1)
    for settings in (RelearnSettings, BenignSettings):
        quick, standard, thorough = (settings.at_depth(d) for d in ("quick", "standard", "thorough"))
        assert quick.steps < standard.steps < thorough.steps
