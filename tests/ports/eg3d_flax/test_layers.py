"""Each StyleGAN2 layer against the official class."""

import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from eg3d_flax import layers
from eg3d_flax.torch_names import LAYOUT
from tests.support.golden import golden
from tests.support.layouts import nchw, nhwc
from torch_bridge import from_torch, module_from_arrays, module_shapes, to_torch
from torch_bridge.state_dict import TorchLayout

pytestmark = pytest.mark.parity

CASE = golden("eg3d", "ops_layers")
ARGS = CASE.entry["constructor_args"]


def build(key: str):
    """The layer `key` with its formula weights, `key` being the prefix of their names."""
    args = dict(ARGS[key])
    cls = getattr(layers, args.pop("class"))

    def make():
        return cls(**args, rngs=nnx.Rngs(0))

    shapes = module_shapes(make)
    zeros = to_torch({name: np.zeros(shape) for name, shape in shapes.items()}, LAYOUT)
    lr_multiplier = args.get("lr_multiplier", 1.0)
    weights = CASE.weights(
        {name: array.shape for name, array in zeros.items()},
        prefix=f"{key}.",
        lr_multiplier=lambda name: lr_multiplier if name.endswith("weight") else 1.0,
    )
    return module_from_arrays(make, from_torch(weights, shapes, TorchLayout(LAYOUT.axes)))


@pytest.mark.parametrize("key", [k for k in ARGS if k.startswith("fc")])
def test_fully_connected(key):
    CASE.check(key, build(key)(jnp.asarray(CASE.input("x"))))


@pytest.mark.parametrize("key", [k for k in ARGS if k.startswith("conv")])
def test_convolution(key):
    layer, im = build(key), nhwc(CASE.input("im"))
    CASE.check(key, nchw(layer(im)))
    CASE.check(f"{key}.gain", nchw(layer(im, gain=0.5)))


@pytest.mark.parametrize("key", [k for k in ARGS if k.startswith("synth")])
def test_synthesis_layer(key):
    layer, im, w = build(key), nhwc(CASE.input("im")), jnp.asarray(CASE.input("x"))
    noise = layer.noise_const[...][None, :, :, None]
    CASE.check(f"{key}.const", nchw(layer(im, w, noise=noise)))
    CASE.check(f"{key}.none", nchw(layer(im, w)))
    CASE.check(f"{key}.gain", nchw(layer(im, w, gain=0.5**0.5)))


@pytest.mark.parametrize("key", [k for k in ARGS if k.startswith("torgb")])
def test_to_rgb(key):
    CASE.check(key, nchw(build(key)(nhwc(CASE.input("im")), jnp.asarray(CASE.input("x")))))
