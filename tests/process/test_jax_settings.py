"""Whoever sets JAX otherwise gets the same numbers: draws, targets and figures follow from seeds alone."""

import contextlib
import dataclasses
import inspect
from pathlib import Path
from typing import Any

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxunlearn
from eg3d_flax import Compute
from jaxunlearn import Callback, Moment
from jaxunlearn.cli.main import main
from jaxunlearn.methods.guide import presets
from jaxunlearn.models.loading import Models
from jaxunlearn.process.devices import default_device, default_platform
from jaxunlearn.process.jax_settings import pinned_settings
from jaxunlearn.training import compiled_step
from tests.support.tiny_models import numbers, tiny_models, tiny_people

SETTINGS = {
    "x64": lambda: jax.enable_x64(True),
    "generator of random numbers": lambda: jax.default_prng_impl("rbg"),
    "threefry": lambda: jax.threefry_partitionable(False),
    "ranks": lambda: jax.numpy_rank_promotion("raise"),
    "types": lambda: jax.numpy_dtype_promotion("strict"),
}
SHORT = Compute(dtype=jnp.bfloat16)
DRAW_NOTHING = {"make_mesh", "people_from_latents", "preset", "preset_names"}
"""Public functions that read or choose only."""


@contextlib.contextmanager
def all_of_them():
    with contextlib.ExitStack() as stack:
        for context in SETTINGS.values():
            stack.enter_context(context())
        yield


def fresh_models() -> Models:
    """The small models, without what was computed of them before."""
    return dataclasses.replace(tiny_models())


def config(steps: int) -> Any:
    made = presets.heads()
    made.update(steps=steps, log_every=1, images_every=0, checkpoint_every=1)
    made.optimiser.schedule = "constant"
    return made


def figures(models: Models, ws: np.ndarray) -> dict[str, Any]:
    return {
        "fingerprint": models.fingerprint,
        "radius": models.median_radius,
        "people": jaxunlearn.people_from_seeds(models, [7]).ws,
        "pictures": jaxunlearn.render(models, ws, yaw=[-20, 0], noise_mode="random", compute=SHORT),
    }


@pytest.fixture(scope="module")
def usual() -> dict[str, Any]:
    return figures(fresh_models(), tiny_people(1))


@pytest.mark.parametrize("name", SETTINGS)
def test_draws_and_pictures_are_the_same_under_every_setting(name: str, usual):
    ws = tiny_people(1)
    with SETTINGS[name]():
        found = figures(fresh_models(), ws)
    for key, expected in usual.items():
        np.testing.assert_array_equal(found[key], expected, err_msg=key)


class Types(Callback):
    """Notes of which type a callback's own numbers are."""

    def after_step(self, moment: Moment) -> None:
        self.found = jnp.zeros(1).dtype


@pytest.mark.long
def test_a_run_goes_on_bit_for_bit_under_other_settings(tmp_path):
    people, types = tiny_people(1), Types()
    whole = jaxunlearn.unlearn(fresh_models(), people, config(2), progress=False)
    jaxunlearn.unlearn(fresh_models(), people, config(1), workdir=tmp_path / "run", progress=False)
    compiled_step._compiled.cache_clear()
    with all_of_them():
        resumed = jaxunlearn.unlearn(
            fresh_models(), people, config(2), workdir=tmp_path / "run", callbacks=[types], progress=False
        )
    np.testing.assert_array_equal(resumed.ws_target, whole.ws_target)
    chex.assert_trees_all_equal(numbers(resumed.generator), numbers(whole.generator))
    assert resumed.summary["loss"] == whole.summary["loss"]
    assert types.found == jnp.float32


def test_every_public_function_that_computes_is_pinned():
    functions = {name: getattr(jaxunlearn, name) for name in jaxunlearn.__all__}
    functions = {name: each for name, each in functions.items() if inspect.isfunction(each)}
    pinned = {name for name, each in functions.items() if inspect.unwrap(each) is not each}
    assert functions.keys() - pinned == DRAW_NOTHING
    assert not [name for name in pinned if inspect.isgeneratorfunction(inspect.unwrap(functions[name]))]


def test_the_users_settings_are_back_afterwards():
    with all_of_them():
        with pinned_settings(), pinned_settings():
            assert jnp.zeros(1).dtype == jnp.float32
        assert jnp.zeros(1).dtype == jnp.float64
        with contextlib.suppress(KeyError), pinned_settings():
            raise KeyError
        assert jax.random.key_impl(jax.random.key(0)) == "rbg"


def test_arrays_made_with_64_bits_are_taken(usual):
    ws = tiny_people(1)
    with jax.enable_x64(True):
        wide = jnp.asarray(ws, jnp.float64)
        found = jaxunlearn.render(tiny_models(), wide, yaw=[-20, 0], noise_mode="random", compute=SHORT)
    np.testing.assert_array_equal(found, usual["pictures"])


def test_a_command_is_pinned(tmp_path: Path):
    with all_of_them():
        assert main(["render", "--model", "random", "--seeds", "1", "--out", str(tmp_path / "out")]) == 0


@pytest.mark.skipif(jax.device_count() < 2, reason="needs two devices")
def test_the_default_device_is_the_users():
    assert default_device() == jax.devices()[0]
    with jax.default_device(jax.devices()[1]):
        assert default_device() == jax.devices()[1]
    assert default_platform() == jax.default_backend()
