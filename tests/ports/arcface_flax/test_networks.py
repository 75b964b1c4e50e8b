"""Units and whole networks give the reference's features and embeddings; every weight is accounted for."""

import jax
import numpy as np
import pytest
from flax import nnx

import arcface_flax
import torch_bridge
from arcface_flax.network import ResidualUnit
from arcface_flax.torch_names import LAYOUT, account
from tests.support.arcface_layers import layer_outputs
from tests.support.golden import draw_normal
from tests.support.layouts import nchw, nhwc
from tests.support.perception_golden import NETWORK, UNIT, ir_weight, perception_golden

pytestmark = pytest.mark.parity


@pytest.mark.parametrize(
    ("unit", "inputs", "out_channels", "squeeze_excite"),
    [("ir_se_s2", "irse", 32, True), ("ir_s2_same", "ir", 16, False)],
)
def test_units_match_the_reference(unit, inputs, out_channels, squeeze_excite):
    case = perception_golden("units")

    def make():
        return ResidualUnit(16, out_channels, 2, squeeze_excite=squeeze_excite, rngs=nnx.Rngs(0))

    state = case.unit_weights(unit, ir_weight)
    arrays = torch_bridge.from_torch(state, torch_bridge.module_shapes(make), LAYOUT)
    x = draw_normal(f"input:unit:{inputs}", tuple(case.entry["input_shapes"][inputs]), case.seed)
    y = jax.jit(lambda unit, x: unit(x))(torch_bridge.module_from_arrays(make, arrays), nhwc(x))
    case.check(f"{unit}.out", nchw(y), UNIT)


@pytest.mark.parametrize(
    ("name", "arch", "face"),
    [("arcface_irse50", "ir_se50", "irse50"), ("curricularface_ir101", "ir_101", "ir101")],
)
def test_embeddings_match_the_reference_and_weights_come_back(name, arch, face):
    case = perception_golden(name)
    state = case.weights(ir_weight)
    module = arcface_flax.from_torch(state, arch)
    faces = nhwc(case.input_image(f"input:{face}:face", "face"))

    *_, features = layer_outputs(module, faces).values()
    embedding = jax.jit(lambda module, features: module.head(features))(module, features)
    case.check_entries("body", nchw(features), NETWORK)
    length = np.linalg.norm(embedding, axis=-1)
    case.check("emb_prenorm_norm", length, NETWORK)
    case.check("emb", embedding / length[:, None], NETWORK)

    assert {row.status for row in account(state, arch)} == {"used", "ignored"}

    back = arcface_flax.to_torch(module)
    assert {name for name in state if not name.endswith("num_batches_tracked")} == back.keys()
    for name, array in back.items():
        np.testing.assert_array_equal(array, state[name])
