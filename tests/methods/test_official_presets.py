"""Official presets are what the goldens are of; what a config says reaches step, mapper and optimiser."""

import dataclasses
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from eg3d_flax import Compute, GeneratorConfig
from jaxunlearn.methods.config.from_config import Adam, adam, step_settings, target_latents
from jaxunlearn.methods.pairs import Schedule
from jaxunlearn.methods.registry import preset
from jaxunlearn.methods.sugar import prepare
from jaxunlearn.methods.sugar.fisher import fisher_settings
from jaxunlearn.methods.sugar.mappers.mapper_training import mapper_training
from tests.support import official_settings as official
from tests.support.tiny_models import tiny_models, tiny_people

RELEASED = GeneratorConfig.ffhq512_128()
SAMPLINGS = {
    "guide/official": official.GUIDE,
    "legato/official": official.LEGATO,
    "sugar/official": official.SUGAR,
    "guide/many": official.GUIDE_OF_MANY,
}


@pytest.mark.parametrize("name", SAMPLINGS)
def test_a_step_is_that_of_the_goldens(name: str):
    people = getattr(SAMPLINGS[name], "people", 1)
    config = preset(name, people)
    settings = step_settings(config, RELEASED, 1.0, people)
    assert settings.sampling == SAMPLINGS[name]
    assert (settings.noise_mode, settings.draws) == ("random", "independent")
    assert (config.evaluation.pivot, config.evaluation.fid_pixels) == ("origin", "uint8")


@pytest.mark.parametrize(("unit", "length"), [("median_radius", 2.5), ("absolute", 1.0)])
def test_lengths_are_in_the_unit_of_the_config(unit: str, length: float):
    """Distances of targets and of adjacent latents, and the radius of probes."""
    ws, w_avg = jnp.asarray(tiny_people(2)), tiny_models().w_avg
    for name in ("guide/official", "legato/official", "sugar/official", "guide/many"):
        config = preset(name, 2)
        config.unit = unit
        settings = step_settings(config, RELEASED, 2.5, 2)
        assert settings.sampling.alpha_max == pytest.approx(length * config.pairs.alpha_max)  # type: ignore[attr-defined]
        config.target.kind = "extrapolated"
        away = jnp.linalg.norm(target_latents(config, ws, w_avg, 2.5) - w_avg, axis=(1, 2))
        np.testing.assert_allclose(away, length * config.target.distance, rtol=1e-4)
    config = preset("sugar/official", 2)
    config.unit = unit
    assert fisher_settings(config, 2.5).radius == pytest.approx(length * config.ewc.radius)


def test_the_mapper_and_the_fisher_are_those_of_the_goldens():
    config = preset("sugar/official", 2)
    found = fisher_settings(config, 1.0)
    assert dataclasses.replace(found, compute=Compute()) == official.FISHER
    assert mapper_training(config) == official.MAPPER_TRAINING


@pytest.mark.parametrize(("name", "pivot"), [("official", (0.0, 0.0, 0.0)), ("paper", (0.0, 0.0, 0.2))])
def test_the_loss_of_a_mapper_is_that_of_its_preset(name, pivot, monkeypatch):
    given = {}

    def learned(mapper, models, ws, d, loss, training, **options):
        given.update(loss.keywords)
        return mapper, ()

    monkeypatch.setattr(prepare, "learned", learned)
    config = preset(f"sugar/{name}", 2)
    config.surrogates.width = 2
    prepare.trained_mapper(tiny_models(), tiny_people(2), config, None, progress=False)
    assert given["form"] == name
    assert given["weights"] == official.MAPPER_WEIGHTS
    assert given["views"].pivot == pivot
    assert given["views"].max_yaw == math.radians(15)


def test_yaw_is_given_in_degrees_and_drawn_in_radians():
    config = preset("guide/heads")
    config.pairs.max_yaw = 60.0
    sampling = step_settings(config, RELEASED, 1.0).sampling
    key = jax.random.key(0)
    drawn = [
        sampling.draw(jax.random.fold_in(key, i), 4, Schedule(key, jnp.asarray(i))).yaw for i in range(40)
    ]
    assert 1.0 < np.abs(drawn).max() <= math.radians(60)


def test_adam_has_every_setting_of_the_config():
    config = preset("guide/official")
    assert adam(config) == Adam(1e-4, b1=0.9, b2=0.999, eps=1e-8, decay_steps=None)
    config.optimiser.update(learning_rate=0.01, b1=0.5, b2=0.75, eps=0.1, schedule="cosine")
    config.steps = 8
    assert adam(config) == Adam(0.01, b1=0.5, b2=0.75, eps=0.1, decay_steps=8)


def test_adam_takes_the_steps_of_its_formula():
    """The first by hand: moments 3 and 9 once they are freed of their bias; the second after no gradient."""
    optimiser = Adam(0.01, b1=0.5, b2=0.75, eps=0.1, decay_steps=None).transformation()
    state, steps = optimiser.init(jnp.zeros(())), []
    for gradient in (3.0, 0.0):
        step, state = optimiser.update(jnp.asarray(gradient), state)
        steps.append(float(step))  # type: ignore[arg-type]
    mean, square = 0.5 * 0.5 * 3 / (1 - 0.5**2), 0.75 * 0.25 * 9 / (1 - 0.75**2)
    expected = [-0.01 * 3 / (3 + 0.1), -0.01 * mean / (math.sqrt(square) + 0.1)]
    np.testing.assert_allclose(steps, expected, rtol=1e-5)
