"""LPIPS gives the reference's distances, tap by tap, and its gradient."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import lpips_flax
import torch_bridge
from lpips_flax.backbones import BACKBONES, Features
from lpips_flax.lpips import unit_normalise
from tests.support.layouts import nchw, nhwc
from tests.support.perception_golden import LPIPS_DISTANCE, perception_golden, weight

pytestmark = pytest.mark.parity

NETS = ("vgg", "alex", "squeeze")
SIZES = ("64", "128")


@functools.cache
def build(net) -> tuple[lpips_flax.LPIPS, dict, dict]:
    case = perception_golden(f"lpips_{net}")
    backbone = case.weights(weight)
    heads = {
        f"{key}.model.1.weight": value[None, :, None, None]
        for key, value in case.arrays.items()
        if key.startswith("lin")
    }
    return lpips_flax.from_torch(backbone, heads, net), backbone, heads


def images(net: str, size: str) -> list[jax.Array]:
    case = perception_golden(f"lpips_{net}")
    return [
        nhwc(case.input_image(f"input:lpips_{size}:{which}", f"{size}.{which}")) for which in ("in0", "in1")
    ]


@jax.jit
def layers_and_distance(module, x, y):
    x, y = module.features(x), module.features(y)
    return module.layer_distances(x, y), module.distance(x, y)


@jax.jit
def gradient(x, module, y):
    return jax.grad(lambda x: module(x, y, dtype=x.dtype).sum())(x)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("net", NETS)
def test_distances_match_the_reference(net, size):
    case = perception_golden(f"lpips_{net}")
    module, _, _ = build(net)
    layers, distance = layers_and_distance(module, *images(net, size))
    case.check(f"{size}.per_layer", layers, LPIPS_DISTANCE, absolute=True)
    case.check(f"{size}.dist", distance, LPIPS_DISTANCE, absolute=True)


# Which decision it is depends on the processor, so no size is spared.
KINK = "one ReLU or pooling decision rounds the other way in float32; the float64 gradient agrees to 1e-5"


@pytest.mark.parametrize("size", SIZES)
def test_vgg_gradient_matches_the_reference(size):
    case = perception_golden("lpips_vgg")
    module, _, _ = build("vgg")
    x, y = images("vgg", size)
    actual = nchw(gradient(x, module, y))
    case.check_gradient(f"{size}.grad", actual, widen=20.0, reason=KINK)


@pytest.mark.parametrize("size", SIZES)
def test_vgg_gradient_is_exact_in_float64(size):
    case = perception_golden("lpips_vgg")
    module, _, _ = build("vgg")
    with jax.enable_x64(True):
        x, y = (image.astype(jnp.float64) for image in images("vgg", size))
        case.check_gradient(f"{size}.grad", nchw(gradient(x, module, y)), tolerance=1e-5)


@pytest.mark.parametrize("net", NETS)
def test_weights_survive_the_round_trip(net):
    module, backbone, heads = build(net)
    back_backbone, back_heads = lpips_flax.to_torch(module)
    for original, back in ((backbone, back_backbone), (heads, back_heads)):
        assert original.keys() == back.keys()
        for name, array in back.items():
            np.testing.assert_array_equal(array, original[name])


def test_the_classifier_is_ignored_and_nothing_else():
    _, backbone, heads = build("alex")
    lpips_flax.from_torch({**backbone, "classifier.6.bias": np.zeros(1000)}, heads, "alex")
    with pytest.raises(torch_bridge.StateDictError, match=r"features\.13\.weight: not part of this network"):
        lpips_flax.from_torch({**backbone, "features.13.weight": np.zeros((1, 1, 3, 3))}, heads, "alex")


def test_identical_and_featureless_images_have_a_finite_gradient():
    module, _, _ = build("alex")
    x, _ = images("alex", "64")
    value, slope = jax.jit(jax.value_and_grad(lambda x, module: module(x, x).sum()))(x, module)
    assert value == 0
    np.testing.assert_array_equal(slope, 0)

    dark = jnp.zeros((1, 2, 2, 3))
    pull = jax.grad(lambda features: (unit_normalise(features) * jnp.arange(3.0)).sum())(dark)
    np.testing.assert_array_equal(pull, 0)


def test_bfloat16_is_close_and_distances_stay_float32():
    module, _, _ = build("alex")
    x, y = images("alex", "64")
    low = jax.jit(lambda module, x, y: module(x, y, dtype=jnp.bfloat16))(module, x, y)
    assert low.dtype == jnp.float32
    np.testing.assert_allclose(low, layers_and_distance(module, x, y)[1], rtol=0.03)
    shapes = jax.eval_shape(lambda module, x: module.features(x, dtype=jnp.bfloat16), module, x)
    assert {tap.dtype for tap in shapes} == {jnp.dtype(jnp.bfloat16)}


@pytest.mark.parametrize("net", NETS)
def test_images_whose_distance_would_be_nan_are_refused(net):
    """A mean over no pixels is NaN."""
    backbone = BACKBONES[net]
    unchecked = dataclasses.replace(backbone, least_side=1)

    def taps(backbone, *shape):
        make = lambda: Features(backbone, rngs=nnx.Rngs(0))  # noqa: E731
        images = jax.ShapeDtypeStruct(shape, jnp.float32)
        return nnx.eval_shape(lambda module, x: module(x), nnx.eval_shape(make), images)

    least = backbone.least_side
    assert all(0 not in tap.shape for tap in taps(backbone, 1, least, least, 3))
    assert any(0 in tap.shape for tap in taps(unchecked, 1, least, least - 1, 3))
    for shape in ((1, least, least - 1, 3), (1, least - 1, least, 3), (64, 64, 3), (1, 3, 64, 64)):
        with pytest.raises(ValueError, match=rf"^images must be .* at least {least}, not "):
            taps(backbone, *shape)
