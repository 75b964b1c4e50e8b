"""A generator comes back, weights and settings, from every kind of file that may hold it."""

import json

import chex
import numpy as np
import pytest

import eg3d_flax
import torch_bridge
from eg3d_flax import GeneratorConfig
from tests.support import generators, golden, torch_pickles
from tests.support.generators import SMALL
from torch_bridge import CheckpointError


@pytest.fixture(scope="module")
def weights() -> dict[str, np.ndarray]:
    return generators.small_state_dict()


@pytest.mark.parametrize("embed_as", [torch_pickles.legacy_bytes, torch_pickles.zip_bytes])
@pytest.mark.parametrize("protocol", [2, 4])
def test_network_pickle(tmp_path, weights, embed_as, protocol):
    path = tmp_path / "last.pkl"
    trained = weights | {"dataset_label_std": np.ones(25, np.float32)}
    path.write_bytes(generators.small_pickle(trained, embed_as=embed_as, protocol=protocol))
    state_dict, config = eg3d_flax.read_checkpoint(path)
    assert config == SMALL
    chex.assert_trees_all_equal(state_dict, trained, strict=True)
    rebuilt = eg3d_flax.to_torch(eg3d_flax.from_torch(state_dict, config))
    chex.assert_trees_all_equal(rebuilt, weights, strict=True)


def test_edited_rendering_settings_win(tmp_path, weights):
    path = tmp_path / "last.pkl"
    edited = generators.official_kwargs(SMALL)["rendering_kwargs"] | {"depth_resolution": 96}
    path.write_bytes(generators.small_pickle(weights, rendering_kwargs=torch_pickles.easy_dict(edited)))
    assert eg3d_flax.read_checkpoint(path)[1].depth_resolution == 96


@pytest.mark.parametrize("layout", ["torch", "ours"])
def test_safetensors(tmp_path, weights, layout):
    path = tmp_path / "g.safetensors"
    header = {"architecture": "eg3d", "config": json.dumps(SMALL.to_json())}
    if layout == "torch":
        torch_bridge.write_safetensors(path, weights, header | {"layout": "torch"})
    else:
        ours = torch_bridge.module_arrays(eg3d_flax.from_torch(weights, SMALL))
        torch_bridge.write_safetensors(path, ours, header)
        weights = {name: array for name, array in weights.items() if name in ours}
    state_dict, config = eg3d_flax.read_checkpoint(path)
    assert config == SMALL
    chex.assert_trees_all_equal(state_dict, weights, strict=True)


@pytest.mark.parametrize("wrap", [False, True])
def test_bare_state_dict_takes_the_given_config(tmp_path, weights, wrap):
    path = tmp_path / "g.pth"
    if wrap:
        tree = {
            "state_dict": {name: torch_pickles.tensor_of(array) for name, array in weights.items()},
            "step": 7,
        }
        path.write_bytes(torch_pickles.legacy_bytes(tree))
    else:
        torch_bridge.write_torch(path, weights)
    state_dict, config = eg3d_flax.read_checkpoint(path, SMALL)
    assert config == SMALL
    chex.assert_trees_all_equal(state_dict, weights, strict=True)
    with pytest.raises(
        CheckpointError, match=r"g\.pth: a state dict without settings.*: convert the network pickle"
    ):
        eg3d_flax.read_checkpoint(path)


def official_shapes() -> dict[str, tuple[int, ...]]:
    """Names and shapes of the released FFHQ generator, as the official code builds it."""
    listed = json.loads((golden.ROOT / "eg3d" / "full_state_dict.json").read_text())["tensors"]
    return {tensor["name"]: tuple(tensor["shape"]) for tensor in listed}


@pytest.mark.parity
def test_released_generator_is_recognised_by_its_shapes(tmp_path):
    path = tmp_path / "ffhq.pth"
    shapes = official_shapes()
    assert len(shapes) == 176
    torch_bridge.write_torch(path, {name: np.zeros(shape, np.int8) for name, shape in shapes.items()})
    with pytest.warns(UserWarning, match="using those of ffhq512-128"):
        state_dict, config = eg3d_flax.read_checkpoint(path)
    assert config == GeneratorConfig.ffhq512_128()
    rows = eg3d_flax.account(state_dict, config)
    assert torch_bridge.problems(rows) == []
    assert sum(row.status == "ignored" for row in rows) == sum("resample_filter" in name for name in shapes)


def test_unusable_settings_are_reported(tmp_path, weights):
    path = tmp_path / "g.pkl"
    kwargs = generators.official_kwargs(SMALL)
    del kwargs["rendering_kwargs"]["box_warp"]
    path.write_bytes(torch_pickles.generator_bytes(weights, kwargs))
    with pytest.raises(
        CheckpointError, match=r"g\.pkl: the settings of its TriPlaneGenerator.*lack box_warp"
    ):
        eg3d_flax.read_checkpoint(path)
    path.write_bytes(torch_pickles.generator_bytes(weights, {"rendering_kwargs": 3}))
    with pytest.raises(CheckpointError, match="the settings of its TriPlaneGenerator cannot be used"):
        eg3d_flax.read_checkpoint(path)


@pytest.mark.parametrize("config", ["not json", "[]", '{"z_dims": 3}', '{"img_resolution": "big"}'])
def test_unusable_headers_are_reported(tmp_path, weights, config):
    path = tmp_path / "g.safetensors"
    torch_bridge.write_safetensors(path, weights, {"config": config})
    with pytest.raises(CheckpointError, match="the config in its header cannot be used"):
        eg3d_flax.read_checkpoint(path)
    torch_bridge.write_safetensors(path, weights, {"config": "{}", "architecture": "lpips"})
    with pytest.raises(CheckpointError, match="its header says lpips, not eg3d"):
        eg3d_flax.read_checkpoint(path)
