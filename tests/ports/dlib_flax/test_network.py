"""The network gives face-api's numbers, layer by layer; a picture's descriptor depends on nothing else."""

import functools
import json
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dlib_flax
import torch_bridge
from dlib_flax.network import BLOCKS
from tests.support.golden import ROOT
from tests.support.perception_golden import NETWORK, PerceptionCase, image

MANIFEST: dict[str, Any] = json.loads((ROOT / "dlib" / "manifest.json").read_text())
CASES = list(MANIFEST["cases"])
TOLERANCE = 1e-5
"""Tolerance of descriptors. Layers have `NETWORK`: only 16 values are stored of each, some of them tiny."""


@functools.cache
def case(name: str) -> PerceptionCase:
    """Load a case, with names as the perception goldens have them."""
    with np.load(ROOT / "dlib" / "dlib.npz") as stored:
        arrays = {key.removeprefix(f"{name}/"): stored[key] for key in stored if key.startswith(f"{name}/")}
    for key in [key for key in arrays if key.endswith(".stat")]:
        tap = key.removesuffix(".stat")
        arrays[f"{tap}.mean"], arrays[f"{tap}.std"] = arrays[key]
    return PerceptionCase(name, MANIFEST["cases"][name], arrays)


def chip(name: str) -> np.ndarray:
    """Return the case's input, `[150, 150, 3]` uint8."""
    if name == "astronaut":
        pixels = case(name).arrays["image"]
    else:
        drawn = image(f"input:dlib:{name.removeprefix('formula_')}", (3, 150, 150), 1)
        pixels = np.floor((drawn.astype(np.float64) + 1) * 127.5 + 0.5).clip(0, 255).astype(np.uint8)
        pixels = pixels.transpose(1, 2, 0)
    entry = case(name).entry
    np.testing.assert_array_equal(pixels.ravel()[:4], entry["first"])
    np.testing.assert_array_equal(pixels.ravel()[-4:], entry["last"])
    assert pixels.mean() == pytest.approx(entry["mean"])
    return pixels


@functools.cache
def network() -> dlib_flax.DlibResNet:
    return dlib_flax.load()


@functools.cache
def outputs() -> dict[str, np.ndarray]:
    """Return the outputs of all layers for all cases in one batch."""
    apply = jax.jit(lambda network, chips: network.layer_outputs(chips))
    return jax.device_get(apply(network(), np.stack([chip(name) for name in CASES])))


_descriptors = jax.jit(lambda network, chips: network(chips))


@pytest.mark.parity
@pytest.mark.parametrize("name", CASES)
def test_every_layer_matches_face_api(name):
    golden = case(name)
    layers = {layer: array[CASES.index(name)] for layer, array in outputs().items()}
    assert {layer: list(array.shape) for layer, array in layers.items()} == MANIFEST["taps"]
    for layer in MANIFEST["taps"]:
        if layer != "descriptor":
            golden.check_entries(layer, layers[layer], NETWORK)
    golden.check("descriptor", layers["descriptor"], TOLERANCE)


@pytest.mark.parity
def test_distances_match_face_api():
    descriptors = dict(zip(CASES, outputs()["descriptor"], strict=True))
    for pair, expected in MANIFEST["distances"].items():
        a, b = pair.split("~")
        distance = dlib_flax.distance(descriptors[a], descriptors[b])
        assert float(distance) == pytest.approx(expected, abs=1e-6), pair


@pytest.mark.parity
@pytest.mark.parametrize("name", MANIFEST["weight_probe"])
def test_weights_are_decoded_as_tensorflow_does(name):
    array = torch_bridge.module_arrays(network())[name.replace("/", ".")]
    np.testing.assert_array_equal(array.ravel()[:4], np.float32(MANIFEST["weight_probe"][name]))


def test_the_sizes_are_those_of_the_publication():
    arrays = torch_bridge.module_arrays(network())
    assert len(arrays) == 29 * 4 + 1
    assert sum(array.size for array in arrays.values()) == 5_614_592
    assert {array.dtype for array in arrays.values()} == {np.dtype(np.float32)}
    assert 1 + 2 * len(BLOCKS) == 29


@settings(max_examples=5, deadline=None)
@given(st.permutations(range(len(CASES))))
def test_a_descriptor_does_not_depend_on_the_rest_of_the_batch(order):
    chips = np.stack([chip(name) for name in CASES])[order]
    expected = outputs()["descriptor"][order]
    np.testing.assert_allclose(_descriptors(network(), chips), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.float16, np.float32, np.float64])
def test_any_dtype_of_pixels_gives_the_same_float32(dtype):
    descriptors = _descriptors(network(), chip("astronaut")[None].astype(dtype))
    assert descriptors.dtype == jnp.float32
    np.testing.assert_allclose(descriptors[0], outputs()["descriptor"][CASES.index("astronaut")], atol=1e-6)


def test_descriptors_keep_their_length():
    lengths = np.linalg.norm(outputs()["descriptor"], axis=1)
    np.testing.assert_allclose(lengths, [entry["norm"] for entry in MANIFEST["cases"].values()], rtol=1e-5)
    assert (lengths > 1.3).all()


def test_other_shapes_are_refused():
    with pytest.raises(ValueError, match=r"chips must be \[B, 150, 150, 3\], not \[1, 112, 112, 3\]"):
        network()(jnp.zeros((1, 112, 112, 3)))
    with pytest.raises(ValueError, match=r"not \[150, 150, 3\]"):
        network()(jnp.zeros((150, 150, 3)))
