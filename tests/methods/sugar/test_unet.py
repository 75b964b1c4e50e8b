"""The official mapper, number for number, and its files both ways."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import torch_bridge
from jaxunlearn.methods.sugar.mappers import unet
from tests.support.sugar_golden import sugar_golden, unet_state_dict


@pytest.mark.parity
def test_output_and_gradient():
    case = sugar_golden("unet2d")
    mapper = unet.from_torch(unet_state_dict())
    count = len(case["out"])
    w_id = jnp.asarray(np.float32(0.5) * case.normal("input:unet2d:w_id", (count, 1, 14, 512))[:, 0])
    cotangent = case.normal("input:unet2d:cotangent", (count, 14, 512))
    out, pull = jax.vjp(jax.jit(mapper), w_id)
    case.check("out", out, 1e-5)
    gradient = np.asarray(pull(jnp.asarray(cotangent))[0])
    case.check("grad_val", gradient.ravel()[case["grad_idx"]], 1e-5)
    # Rounding decides on which side of a ReLU's edge a value lies, and which of two equals max-pooling takes.
    # On one kind of processor that moves 159 of the 21,504 gradients; in float64 the norm is off by 4e-8.
    case.check("grad_norm", np.linalg.norm(gradient.astype(np.float64)), 1e-4)


@pytest.mark.parity
def test_official_names_both_ways():
    state = unet_state_dict()
    back = unet.to_torch(unet.from_torch(state))
    assert back.keys() == state.keys()
    for name, array in state.items():
        np.testing.assert_array_equal(back[name], array)
    drawn = unet.initialised_unet(0)
    arrays = torch_bridge.module_arrays(drawn)
    assert sum(array.size for array in arrays.values()) == sugar_golden("unet2d").entry["n_params"]
    assert all(array.any() for array in arrays.values())


def test_a_file_of_something_else():
    state = unet_state_dict()
    del state["bottom_block.conv1.conv_layer.bias"]
    with pytest.raises(torch_bridge.StateDictError, match=r"bottom_block\.conv1\.conv_layer\.bias: missing"):
        unet.from_torch(state)


def test_any_number_of_rows():
    mapper = unet.initialised_unet(1, width=2)
    assert jax.eval_shape(mapper, jnp.ones((2, 7, 15))).shape == (2, 7, 15)
