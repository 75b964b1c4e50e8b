"""The synthesis network against the official one, with every noise mode and its gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from eg3d_flax.compute import Compute
from eg3d_flax.synthesis import SynthesisNetwork
from eg3d_flax.torch_names import LAYOUT
from tests.support.forms import form_id, forms
from tests.support.golden import golden
from tests.support.layouts import nchw, nhwc
from torch_bridge import from_torch, module_from_arrays, module_shapes, to_torch

pytestmark = pytest.mark.parity

CASE = golden("eg3d", "synthesis32")
FORMS = forms(
    modulation=["scaled", "grouped"],
    dilation=["dilated", "stuffed", "phases", "mixed"],
    filtering=["shifted", "depthwise"],
)


def build() -> SynthesisNetwork:
    args = {k: v for k, v in CASE.entry["constructor_args"].items() if k != "num_fp16_res"}

    def make():
        return SynthesisNetwork(**args, rngs=nnx.Rngs(0))

    arrays = from_torch(CASE.weights(), module_shapes(make), LAYOUT)
    return module_from_arrays(make, arrays)


@pytest.fixture(scope="module")
def network() -> SynthesisNetwork:
    return build()


@pytest.fixture(scope="module")
def ws() -> jax.Array:
    return jnp.asarray(CASE.input("ws"))


@pytest.mark.parametrize("compute", FORMS, ids=form_id)
def test_const_noise(network, ws, compute):
    image = nchw(jax.jit(lambda ws: network(ws, noise_mode="const", compute=compute))(ws))
    CASE.check("img.const", image[:1])
    CASE.check("img.const.b1", image[1:, ::8])


def test_no_noise(network, ws):
    CASE.check("img.none", nchw(jax.jit(lambda ws: network(ws, noise_mode="none"))(ws))[:, ::6])


def test_explicit_random_noise(network, ws):
    noise = {name: nhwc(CASE.input(f"random.noise.{name}")) for name in network.noise_layers}
    CASE.check("img.random", nchw(jax.jit(lambda ws, noise: network(ws, noise=noise))(ws, noise))[:, ::6])


def test_gradients(network, ws):
    graphdef, params, rest = nnx.split(network, nnx.Param, ...)
    cotangent = nhwc(CASE.input("r"))

    @jax.jit
    @jax.grad
    def gradient(params):
        image = nnx.merge(graphdef, params, rest)(ws, noise_mode="const")
        return jnp.mean(image * cotangent)

    flat = {
        ".".join(map(str, path)): np.asarray(value.get_value())
        for path, value in nnx.to_flat_state(gradient(params))
    }
    in_torch_layout = to_torch(flat, LAYOUT)
    for output in CASE.entry["outputs"]:
        if not output["name"].startswith("grad."):
            continue
        name = output["name"].removeprefix("grad.")
        full = in_torch_layout[name]
        note = output.get("note") or ""
        stride = int(note.rpartition("stride ")[2]) if "stride" in note else None
        CASE.check(f"grad.{name}", full.reshape(-1)[::stride] if stride else full)
        CASE.check(f"gradnorm.{name}", np.linalg.norm(full.astype(np.float64)))


def test_a_sample_does_not_depend_on_its_batch(network, ws):
    key = jax.random.key(3)
    keys = jax.random.split(key, 2)
    draw = jax.jit(lambda ws, key: network(ws, noise_mode="random", key=key))
    together = draw(ws, key)
    for i in range(2):
        alone = draw(ws[i : i + 1], keys[i : i + 1])
        np.testing.assert_allclose(alone[0], together[i], atol=2e-5)


def test_bfloat16_stays_close(network, ws):
    exact, rough = (
        jax.jit(lambda ws, c=compute: network(ws, compute=c))(ws)
        for compute in (Compute(), Compute(dtype=jnp.bfloat16))
    )
    assert rough.dtype == jnp.float32
    relative = jnp.linalg.norm(rough - exact) / jnp.linalg.norm(exact)
    assert 1e-4 < relative < 0.02


def test_mistakes_are_named(network, ws):
    with pytest.raises(ValueError, match=r"ws must be \[B, 8, 512\]"):
        network(ws[:, :7])
    with pytest.raises(ValueError, match="needs key="):
        network(ws, noise_mode="random")
    with pytest.raises(ValueError, match=r"b64\.conv0"):
        network(ws, noise={"b64.conv0": jnp.zeros((1, 64, 64, 1))})
