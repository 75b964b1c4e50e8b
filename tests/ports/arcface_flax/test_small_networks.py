"""The same classes at other sizes: they learn, travel through files, and refuse what does not fit."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx
from hypothesis import given, settings
from hypothesis import strategies as st

import arcface_flax
import torch_bridge
from arcface_flax import ArcFaceConfig
from tests.support.drawn import drawn_module

SMALL = ArcFaceConfig(
    units=(1, 1), channels=(16, 32), stem_channels=8, input_size=16, embedding_size=12, affine_embedding=False
)


def small_network(seed: int = 0) -> arcface_flax.ArcFace:
    return drawn_module(lambda: arcface_flax.ArcFace(SMALL, rngs=nnx.Rngs(0)), seed)


def test_training_separates_people_and_inference_follows():
    rng = np.random.default_rng(0)
    people = rng.normal(size=(4, 16, 16, 3))
    faces = jnp.asarray(np.repeat(people, 4, axis=0) + 0.5 * rng.normal(size=(16, 16, 16, 3)), jnp.float32)
    same = jnp.asarray(np.repeat(np.arange(4), 4)[:, None] == np.repeat(np.arange(4), 4))
    graphdef, params, stats = nnx.split(small_network(), nnx.Param, nnx.BatchStat)
    optimiser = optax.adam(1e-2)

    @jax.jit
    def step(params, stats, moments):
        def loss(params):
            module = nnx.merge(graphdef, params, stats, copy=True)  # its statistics change in here
            e = module(faces, train=True)
            return jnp.square(e @ e.T - same).mean(), nnx.state(module, nnx.BatchStat)

        gradient, stats = jax.grad(loss, has_aux=True)(params)
        updates, moments = optimiser.update(gradient, moments)
        return optax.apply_updates(params, updates), stats, moments

    moments = optimiser.init(params)
    for _ in range(60):
        params, stats, moments = step(params, stats, moments)
    e = np.asarray(nnx.merge(graphdef, params, stats)(faces))
    np.testing.assert_allclose(np.linalg.norm(e, axis=1), 1, rtol=1e-5)
    cosines = e @ e.T
    assert cosines[np.asarray(same)].min() > 0.7
    assert cosines[~np.asarray(same)].max() < 0


def test_files_hold_weights_and_sizes(tmp_path: Path):
    module = small_network()
    arcface_flax.save(module, tmp_path / "id.safetensors", notes={"recipe": "test"})
    again = arcface_flax.load(tmp_path / "id.safetensors")
    assert again.config == SMALL
    for name, array in torch_bridge.module_arrays(again).items():
        np.testing.assert_array_equal(array, torch_bridge.module_arrays(module)[name])
    with pytest.raises(torch_bridge.CheckpointError, match=r"none\.safetensors: no such file"):
        arcface_flax.load(tmp_path / "none.safetensors")
    (tmp_path / "bad.safetensors").write_bytes(b"nothing")
    with pytest.raises(
        torch_bridge.CheckpointError, match=r"bad\.safetensors: is damaged or not a safetensors file"
    ):
        arcface_flax.load(tmp_path / "bad.safetensors")


def test_torch_names_survive_the_round_trip_at_any_size():
    module = small_network(seed=3)
    state = arcface_flax.to_torch(module)
    assert state["output_layer.3.weight"].shape == (12, 32 * 4 * 4)
    again = arcface_flax.from_torch(state, SMALL)
    for name, array in torch_bridge.module_arrays(again).items():
        np.testing.assert_array_equal(array, torch_bridge.module_arrays(module)[name])
    del state["body.1.res_layer.2.weight"]
    state["body.2.res_layer.2.weight"] = np.zeros(3)
    with pytest.raises(torch_bridge.StateDictError) as error:
        arcface_flax.from_torch(state, SMALL)
    assert [line.split(":")[0] for line in str(error.value).splitlines()] == [
        "body.1.res_layer.2.weight",
        "body.2.res_layer.2.weight",
    ]


def test_sizes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="input_size 100 is not a multiple of 16"):
        ArcFaceConfig(units=(1, 1, 1, 1), input_size=100)
    with pytest.raises(ValueError, match="3 stages of units but 4 of channels"):
        ArcFaceConfig(units=(1, 1, 1))
    with pytest.raises(ValueError, match="channels must be at least 16 with squeeze_excite"):
        ArcFaceConfig(units=(1, 1), channels=(32, 8))


@settings(max_examples=8, deadline=None)
@given(st.integers(20, 90), st.integers(20, 90), st.sampled_from([16, 64, 112]))
def test_crop_of_any_size_keeps_constants_and_shows_the_face_region(rows, columns, size):
    value = 0.25 + 0.5 * jnp.arange(3.0)
    crop = arcface_flax.identity_crop(jnp.full((1, rows, columns, 3), value), size=size)
    assert crop.shape == (1, size, size, 3)
    np.testing.assert_allclose(crop, np.broadcast_to(value, crop.shape), rtol=1e-5)
    ramp = jnp.broadcast_to(jnp.linspace(0, 256, rows)[:, None, None], (1, rows, columns, 3))
    crop = arcface_flax.identity_crop(ramp, size=size)[0, :, 0, 0]
    assert 30 < crop[0] < 45
    assert 213 < crop[-1] < 228
    assert (np.diff(crop) >= 0).all()


def test_loss_is_zero_for_the_same_person_and_two_for_the_opposite():
    e = jnp.eye(4)
    np.testing.assert_allclose(arcface_flax.identity_loss(e, e), 0)
    np.testing.assert_allclose(arcface_flax.identity_loss(e, -e), 2)
    np.testing.assert_allclose(arcface_flax.identity_loss(e, jnp.roll(e, 1, axis=0)), 1)


@pytest.mark.parametrize("arch", ["ir_50", "mro"])
def test_an_unknown_name_is_refused_with_the_known_ones(arch):
    with pytest.raises(ValueError, match=f"^unknown network '{arch}'; choose from ir_se50, ir_101 or give"):
        arcface_flax.from_torch({}, arch)
