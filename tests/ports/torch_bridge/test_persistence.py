"""Network pickles are read for their numbers; the source code inside them stays asleep."""

import sys

import numpy as np
import pytest

import torch_bridge
from tests.support import torch_pickles

ARRAYS = {
    "backbone.synthesis.b4.const": np.arange(8, dtype=np.float32),
    "backbone.synthesis.b4.noise_const": np.ones((4, 4), np.float32),
    "backbone.synthesis.b4.conv1.noise_strength": np.asarray(0.25, np.float32),
    "backbone.mapping.w_avg": np.zeros(3, np.float32),
    "decoder.net.0.weight": np.arange(6, dtype=np.float32).reshape(2, 3),
    "decoder.net.0.bias": np.zeros(2, np.float32),
}


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("embed_as", [torch_pickles.legacy_bytes, torch_pickles.zip_bytes])
def test_generator_comes_with_weights_and_arguments(tmp_path, protocol, embed_as):
    path = tmp_path / "network.pkl"
    rendering = torch_pickles.easy_dict({"depth_resolution": 48, "avg_camera_pivot": [0, 0, 0.2]})
    path.write_bytes(
        torch_pickles.generator_bytes(
            ARRAYS,
            {"z_dim": 512, "rendering_kwargs": {}, "conv_clamp": None},
            protocol=protocol,
            embed_as=embed_as,
            neural_rendering_resolution=128,
            rendering_kwargs=rendering,
        )
    )
    file = torch_bridge.read_file(path)
    network = torch_bridge.persistent_network(file.tree)
    assert network is not None
    assert file.format == "pickle"
    assert network.class_name == "TriPlaneGenerator"
    assert network.init_args == ()
    assert network.init_kwargs == {"z_dim": 512, "rendering_kwargs": {}, "conv_clamp": None}
    assert network.attributes["neural_rendering_resolution"] == 128
    assert network.attributes["rendering_kwargs"] == rendering
    assert network.state_dict.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(network.state_dict[name], array, strict=True)
    assert "torch_utils" not in sys.modules


def test_non_persistent_buffers_are_left_out(tmp_path):
    tensor = torch_pickles.tensor_of(np.ones(2, np.float32), torch_pickles.legacy_bytes)
    state = torch_pickles.module_state(
        _buffers={"kept": tensor, "dropped": tensor, "unset": None}, _non_persistent_buffers_set={"dropped"}
    )
    path = tmp_path / "network.pkl"
    path.write_bytes(torch_pickles.plain_bytes({"G_ema": torch_pickles.persistent("Net", state)}))
    network = torch_bridge.persistent_network(torch_bridge.read_file(path).tree)
    assert network is not None
    assert list(network.state_dict) == ["kept"]


def test_missing_network_is_named(tmp_path):
    path = tmp_path / "network.pkl"
    path.write_bytes(torch_pickles.generator_bytes(ARRAYS, {}, key="G"))
    with pytest.raises(torch_bridge.CheckpointError, match=r"holds no network G_ema \(found: G\)"):
        torch_bridge.persistent_network(torch_bridge.read_file(path).tree)


def test_endless_modules_are_refused(tmp_path):
    state = torch_pickles.module_state()
    for _ in range(40):  # each level contains the one below it twice: 2**40 modules in a few kilobytes
        child = torch_pickles.persistent("Net", state)
        state = torch_pickles.module_state(_modules={"a": child, "b": child})
    path = tmp_path / "network.pkl"
    path.write_bytes(torch_pickles.plain_bytes({"G_ema": torch_pickles.persistent("Net", state)}))
    with pytest.raises(torch_bridge.CheckpointError, match="over 100000 modules"):
        torch_bridge.persistent_network(torch_bridge.read_file(path).tree)
