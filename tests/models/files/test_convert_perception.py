"""`jaxunlearn convert` knows the perception networks by the names of their arrays, in both directions."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flax import nnx

import arcface_flax
import goae_flax
import inception_flax
import lpips_flax
import mtcnn_flax
import torch_bridge
from arcface_flax import ArcFaceConfig
from eg3d_flax import GeneratorConfig
from goae_flax import GOAEConfig, SwinConfig
from jaxunlearn.cli import main as cli
from jaxunlearn.models.files import pretrained
from jaxunlearn.models.loading import load_inception, published_inception
from tests.support.drawn import drawn_module
from tests.support.perception_golden import perception_golden, weight


def drawn(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    return {name: weight(name, tuple(shape), 0) for name, shape in shapes.items()}


def torch_shapes(case: str) -> dict[str, Any]:
    entry = perception_golden(case).entry
    return entry.get("state_dict") or entry["synthetic_state_dict"]


def converted(tmp_path: Path, kind: str, source: Path, state_dict: dict[str, np.ndarray]) -> Path:
    """Convert to our format and back; both must hold what the source holds."""
    ours, back = tmp_path / "ours.safetensors", tmp_path / "back.pth"
    assert cli.main(["convert", str(source), str(ours)]) == 0
    assert torch_bridge.read_file(ours).metadata["architecture"] == kind
    assert cli.main(["convert", str(ours), str(back), "--to", "torch"]) == 0
    found = torch_bridge.find_state_dict(torch_bridge.read_file(back).tree)
    assert found.keys() >= state_dict.keys()
    for name, array in state_dict.items():
        np.testing.assert_array_equal(found[name], array)
    return ours


@pytest.mark.parity
def test_lpips_backbones_get_the_bundled_heads(tmp_path):
    backbone = drawn(torch_shapes("lpips_squeeze"))
    source = tmp_path / "squeezenet1_1.pth"
    torch_bridge.write_torch(source, {**backbone, "classifier.1.bias": np.zeros(1000, np.float32)})
    ours = converted(tmp_path, "lpips", source, backbone)
    module = lpips_flax.load("squeeze", ours)
    case = perception_golden("lpips_squeeze")
    for k in range(7):
        np.testing.assert_array_equal(getattr(module, f"lin{k}").weight, case.arrays[f"lin{k}"])


@pytest.mark.parity
@pytest.mark.parametrize(
    ("case", "released"),
    [("arcface_irse50", ArcFaceConfig.ir_se50()), ("curricularface_ir101", ArcFaceConfig.ir_101())],
)
def test_face_networks_are_told_apart(tmp_path, case, released):
    blank = {name: np.zeros(1) for name in torch_shapes(case)}
    file = torch_bridge.CheckpointFile(tmp_path, "torch zip", blank, {})
    assert arcface_flax.read_state_dict(file)[1] == released


def test_face_networks_of_any_size(tmp_path):
    config = ArcFaceConfig(units=(1, 1), channels=(16, 32), stem_channels=8, input_size=16, embedding_size=8)
    module = drawn_module(lambda: arcface_flax.ArcFace(config, rngs=nnx.Rngs(0)))
    source = tmp_path / "small.safetensors"
    arcface_flax.save(module, source, notes={})
    ours = converted(tmp_path, "arcface", source, arcface_flax.to_torch(module))
    assert arcface_flax.load(ours).config == config


@pytest.mark.long
@pytest.mark.parity
def test_the_fid_network(tmp_path, monkeypatch):
    """As published, converted, and found where `jaxunlearn models` looks."""
    state_dict = drawn(torch_shapes("fid_inception"))
    source = tmp_path / "pt_inception-2015-12-05-6726825d.pth"
    torch_bridge.write_torch(source, state_dict)
    trunk = {name: array for name, array in state_dict.items() if not name.startswith("fc.") and array.ndim}
    ours = converted(tmp_path, "inception", source, trunk)
    bn = inception_flax.load(ours).Mixed_7c.branch1x1.bn
    np.testing.assert_array_equal(bn.running_mean[...], trunk["Mixed_7c.branch1x1.bn.running_mean"])
    monkeypatch.setenv(pretrained.FOLDERS_VARIABLE, str(tmp_path))
    assert published_inception(GeneratorConfig.ffhq512_128()) == source
    assert published_inception(GeneratorConfig.heads()) is None
    as_published = load_inception(source.name).Mixed_7c.branch1x1.bn
    np.testing.assert_array_equal(as_published.running_mean[...], bn.running_mean[...])


def test_encoders_of_any_size(tmp_path):
    swin = SwinConfig(
        image_size=32, patch_size=4, embed_dim=4, depths=(1, 2, 1, 1), num_heads=(1, 1, 1, 1), window_size=4
    )
    config = GOAEConfig(swin=swin, w_dim=8, attention_heads=2, feed_forward=8)
    module = drawn_module(lambda: goae_flax.GOAEEncoder(config, rngs=nnx.Rngs(0)))
    source = tmp_path / "small.safetensors"
    goae_flax.save(module, source, notes={})
    ours = converted(tmp_path, "goae", source, goae_flax.to_torch(module))
    assert goae_flax.load(ours).config == config


@pytest.mark.parity
@pytest.mark.parametrize("net", ["pnet", "rnet", "onet"])
def test_detector_networks(tmp_path, net):
    state_dict = drawn(torch_shapes("mtcnn_nets")[net])
    source = tmp_path / f"{net}.npy"
    np.save(source, np.array(state_dict, dtype=object), allow_pickle=True)
    converted(tmp_path, f"mtcnn-{net}", source, state_dict)


@pytest.mark.parity
def test_the_detector_is_put_together_from_converted_files(tmp_path):
    for net, shapes in torch_shapes("mtcnn_nets").items():
        source, target = tmp_path / f"{net}.pth", tmp_path / f"{net}.safetensors"
        torch_bridge.write_torch(source, drawn(shapes))
        assert cli.main(["convert", str(source), str(target)]) == 0
    detector = mtcnn_flax.load(tmp_path)
    drawn_onet = drawn(torch_shapes("mtcnn_nets")["onet"])
    for name, array in mtcnn_flax.to_torch(detector.onet).items():
        np.testing.assert_array_equal(array, drawn_onet[name])


def test_what_is_none_of_them_is_refused_by_name(tmp_path, capsys):
    source = tmp_path / "other.pth"
    torch_bridge.write_torch(source, {"encoder.weight": np.zeros((2, 2), np.float32)})
    assert cli.main(["convert", str(source), str(tmp_path / "o.safetensors")]) == 2
    error = capsys.readouterr().err
    assert "other.pth" in error
    assert "lpips, arcface, inception, goae, mtcnn-pnet" in error
