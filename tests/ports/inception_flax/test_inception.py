"""The FID network gives the reference's features, block by block."""

import functools

import jax
import numpy as np
import pytest
from flax import nnx

import inception_flax
import torch_bridge
from inception_flax.blocks import InceptionA, InceptionC, InceptionE, InceptionEMax
from inception_flax.torch_names import LAYOUT
from tests.support.golden import draw_normal
from tests.support.layouts import nchw, nhwc
from tests.support.perception_golden import NETWORK, UNIT, perception_golden, weight

pytestmark = pytest.mark.parity

UNITS = {
    "fid_A": ("fidA", lambda: InceptionA(16, 8, rngs=nnx.Rngs(0))),
    "fid_C": ("fidC", lambda: InceptionC(16, 12, rngs=nnx.Rngs(0))),
    "fid_E1": ("fidE1", lambda: InceptionE(16, rngs=nnx.Rngs(0))),
    "fid_E2": ("fidE2", lambda: InceptionEMax(16, rngs=nnx.Rngs(0))),
}


@pytest.mark.parametrize("unit", UNITS)
def test_blocks_match_the_reference(unit):
    case = perception_golden("units")
    inputs, make = UNITS[unit]
    state = case.unit_weights(unit, weight)
    arrays = torch_bridge.from_torch(state, torch_bridge.module_shapes(make), LAYOUT)
    x = np.abs(draw_normal(f"input:unit:{inputs}", tuple(case.entry["input_shapes"][inputs]), case.seed))
    block = torch_bridge.module_from_arrays(make, arrays)
    y = nchw(jax.jit(lambda block, x: block(x))(block, nhwc(x)))
    if unit == "fid_A":
        case.check(f"{unit}.out", y, UNIT)
    else:
        case.check_entries(unit, y, UNIT)


@functools.cache
def network() -> tuple[inception_flax.InceptionV3, dict[str, np.ndarray]]:
    state = perception_golden("fid_inception").weights(weight)
    return inception_flax.from_torch(state), state


# Split in two, so that the deep part is compiled once for both image sizes.
_resize = jax.jit(lambda x: jax.image.resize(x, (1, 299, 299, 3), "linear", antialias=False))
_blocks = jax.jit(lambda module, x: module.blocks(x))


@pytest.mark.parametrize("tag", ["a_128x128", "b_96x160"])
def test_features_match_the_reference(tag):
    case = perception_golden("fid_inception")
    module, _ = network()
    image = (case.draw_image(f"input:inception:{tag}", tag) + 1) / 2
    case.probe(image, tag)
    *blocks, features = _blocks(module, _resize(nhwc(image)))
    for k, block in enumerate(blocks):
        case.check_entries(f"{tag}.block{k}", nchw(block), NETWORK)
    case.check(f"{tag}.feat2048", features[0], NETWORK)


def test_every_weight_is_accounted_for_and_comes_back():
    module, state = network()
    statuses = {row.name: row.status for row in inception_flax.account(state)}
    ignored = {name for name, status in statuses.items() if status == "ignored"}
    assert set(statuses.values()) == {"used", "ignored"}
    assert {name for name in ignored if not name.endswith("num_batches_tracked")} == {"fc.weight", "fc.bias"}
    back = inception_flax.to_torch(module)
    assert back.keys() == state.keys() - ignored
    for name, array in back.items():
        np.testing.assert_array_equal(array, state[name])
