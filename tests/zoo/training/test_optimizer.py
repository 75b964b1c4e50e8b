"""The optimiser of EG3D's stored weights: rates, schedule, moving average."""

import jax.numpy as jnp
import numpy as np
import pytest

from eg3d_flax import GeneratorConfig
from jaxunlearn.models.generator import initialise
from jaxunlearn.zoo.training.generator import arrays_of
from jaxunlearn.zoo.training.optimizer import learning_rate, moving_average, rates
from tests.support.tiny_heads import TINY


def test_the_learning_rate_has_no_jump() -> None:
    settings = {
        "peak": 1.0,
        "warmup": 10,
        "surface_steps": 100,
        "steps": 200,
        "volume_rate": 0.5,
        "final": 0.1,
    }
    values = np.array([learning_rate(step, **settings) for step in range(200)])
    assert values[10:60] == pytest.approx(1.0)
    assert values[99] == pytest.approx(0.5, abs=0.01)
    assert np.abs(np.diff(values[10:])).max() < 0.03
    assert values[199] == pytest.approx(0.1, abs=0.01)


def test_without_a_warm_up_the_first_step_has_the_highest_rate() -> None:
    settings = {"peak": 1.0, "surface_steps": 100, "steps": 200, "volume_rate": 0.5, "final": 0.1}
    assert learning_rate(0, warmup=0, **settings) == learning_rate(0, warmup=1, **settings) == 1.0


def test_steps_follow_the_scale_of_the_stored_weights() -> None:
    shape = GeneratorConfig.from_json({**GeneratorConfig.heads().to_json(), **TINY})
    parameters = arrays_of(initialise(shape))
    for name, rate in rates(parameters).items():
        if name.endswith(".weight"):
            assert rate == pytest.approx(float(jnp.std(parameters[name])), rel=0.5), name


def test_the_average_starts_as_a_plain_mean_and_then_forgets_slowly() -> None:
    average = {"x": jnp.zeros(())}
    for step in range(3):
        average = moving_average(average, {"x": jnp.ones(())}, jnp.array(step), 0.998)
    assert float(average["x"]) > 0.99
    late = moving_average({"x": jnp.zeros(())}, {"x": jnp.ones(())}, jnp.array(10**6), 0.998)
    assert float(late["x"]) == pytest.approx(0.002, rel=1e-3)
