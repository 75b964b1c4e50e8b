"""Files of official code, however they were saved: read by every option alike, or named as what they are."""

import dataclasses
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import chex
import numpy as np
import pytest
from flax import nnx
from hypothesis import given
from hypothesis import strategies as st

import eg3d_flax
import lpips_flax
import torch_bridge
from eg3d_flax import GeneratorConfig
from jaxunlearn.cli import main as cli
from jaxunlearn.cli.readers import models_of
from jaxunlearn.errors import InputError
from jaxunlearn.models.files import pretrained
from jaxunlearn.models.files.network_files import open_network
from jaxunlearn.models.files.pretrained_check import readability
from jaxunlearn.models.generator import initialise, load_generator, save_generator
from jaxunlearn.models.loading import load_models
from jaxunlearn.photos.inversion import choice
from tests.support import generators, torch_pickles
from tests.support.generators import SMALL
from tests.support.hostile.arrays import npy
from tests.support.perception_golden import perception_golden, weight
from tests.support.refused import refused

ZOO = Path(__file__).parents[3] / "jaxunlearn" / "zoo"
State = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def squeeze() -> State:
    """The smallest published backbone; a file of it carries no settings."""
    shapes: Mapping[str, Any] = perception_golden("lpips_squeeze").entry["state_dict"]
    return {name: weight(name, tuple(shape), 0) for name, shape in shapes.items() if "features" in name}


@pytest.fixture(scope="module")
def generator_state() -> State:
    return generators.small_state_dict()


def tensors(state: State, embed_as: Callable[[Any], bytes] | None = None) -> dict[str, Any]:
    return {name: torch_pickles.tensor_of(array, embed_as) for name, array in state.items()}


def prefixed(state: State, prefix: str) -> State:
    return {prefix + name: array for name, array in state.items()}


CONTAINERS: dict[str, Callable[[Path, State], Path]] = {}


def container(name: str):
    def added(write: Callable[[Path, State], None]):
        def to(folder: Path, state: State) -> Path:
            write(folder / name, state)
            return folder / name

        CONTAINERS[name] = to
        return write

    return added


@container("zip.pth")
def _zip(path: Path, state: State) -> None:
    path.write_bytes(torch_pickles.zip_bytes(tensors(state)))


@container("legacy.pt")
def _legacy(path: Path, state: State) -> None:
    path.write_bytes(torch_pickles.legacy_bytes(tensors(state)))


@container("plain.pkl")
def _pickle(path: Path, state: State) -> None:
    path.write_bytes(torch_pickles.plain_bytes(tensors(state, torch_pickles.legacy_bytes)))


@container("arrays.npy")
def _npy(path: Path, state: State) -> None:
    np.save(path, np.array(state, dtype=object), allow_pickle=True)


@container("foreign.safetensors")
def _safetensors(path: Path, state: State) -> None:
    torch_bridge.write_safetensors(path, state, {"format": "pt"})


@container("checkpoint_of_training.pth")
def _nested(path: Path, state: State) -> None:
    tree = {
        "epoch": 3,
        "optimizer": {"state": {}, "param_groups": []},
        "state_dict": tensors(state),
        "params_ema": {"model": tensors(prefixed(state, "module._orig_mod."))},
    }
    path.write_bytes(torch_pickles.zip_bytes(tree))


@container("lightning.ckpt")
def _lightning(path: Path, state: State) -> None:
    tree = {"state_dict": tensors(prefixed(state, "model.")), "lr_schedulers": []}
    path.write_bytes(torch_pickles.zip_bytes(tree))


@container("shards.safetensors.index.json")
def _shards(path: Path, state: State) -> None:
    stem, names = path.name.partition(".")[0], list(state)
    files = [f"{stem}-0000{part}-of-00002.safetensors" for part in (1, 2)]
    halves = dict(zip(files, (names[::2], names[1::2]), strict=True))
    for file, own in halves.items():
        torch_bridge.write_safetensors(path.parent / file, {name: state[name] for name in own}, {})
    weight_map = {name: file for file, own in halves.items() for name in own}
    path.write_text(json.dumps({"metadata": {"total_size": 1}, "weight_map": weight_map}))


@pytest.mark.parity
@pytest.mark.parametrize("name", CONTAINERS)
def test_a_network_is_read_from_every_container(tmp_path, squeeze, name):
    """`convert` and a loader use one way, so the file decides and not the option."""
    path = CONTAINERS[name](tmp_path, squeeze)
    ours = tmp_path / "out.safetensors"
    assert cli.main(["convert", str(path), str(ours)]) == 0
    assert open_network(ours).kind.name == "lpips"
    module = open_network(path, "lpips").build()
    assert isinstance(module, lpips_flax.LPIPS)
    backbone, _ = lpips_flax.to_torch(module)
    for array_name, array in squeeze.items():
        np.testing.assert_array_equal(backbone[array_name], array)


@pytest.mark.parity
def test_an_option_takes_what_convert_takes(tmp_path, squeeze):
    path = CONTAINERS["checkpoint_of_training.pth"](tmp_path, squeeze)
    assert load_models("random", perceptual=str(path)).perceptual_name == "LPIPS SQUEEZE"


WRAPPING = ("state_dict", "model", "net", "params_ema", "G_ema", "ema", "model_state_dict", "params")


@given(
    st.lists(st.sampled_from(WRAPPING), max_size=5),
    st.lists(st.sampled_from(("module.", "_orig_mod.")), max_size=4),
    st.sampled_from(("", "model.", "net.", "generator.")),
)
def test_wrappers_are_taken_off_in_any_order(keys, prefixes, head):
    state = {"body.0.weight": np.ones(2), "output.bias": np.zeros(3)}
    tree: Any = prefixed(state, "".join(prefixes) + head)
    for key in keys:
        tree = {"epoch": 1, "optimizer": {"state": {}}, key: tree}
    assert torch_bridge.find_state_dict(tree).keys() == state.keys()


def test_the_running_average_is_preferred():
    tree = {"G": {"w": np.zeros(1)}, "model": {"w": np.zeros(1)}, "params_ema": {"w": np.ones(1)}}
    assert torch_bridge.find_state_dict(tree)["w"] == 1


def test_a_network_inside_of_others_is_wrapped_too(generator_state):
    """DataParallel around the backbone alone, as some training code has it."""
    wrapped = {
        name.replace("backbone.", "backbone.module."): array for name, array in generator_state.items()
    }
    assert torch_bridge.find_state_dict(wrapped).keys() == generator_state.keys()


def whole_generator(state: State) -> Any:
    kwargs = generators.official_kwargs(SMALL)
    of_init = {
        "_init_args": (),
        "_init_kwargs": torch_pickles.easy_dict(kwargs),
        "neural_rendering_resolution": SMALL.neural_rendering_resolution,
    }
    return torch_pickles.network(state, None, of_init)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrapper", [None, "DataParallel"])
@pytest.mark.parametrize("write", [torch_pickles.zip_bytes, torch_pickles.legacy_bytes])
def test_a_whole_generator_is_read_with_its_settings(tmp_path, generator_state, wrapper, write):
    """`torch.save(G)` and `torch.save(DataParallel(G))`."""
    whole = whole_generator(generator_state)
    if wrapper:
        state = torch_pickles.module_state(_modules={"module": whole})
        whole = torch_pickles.by_reference("torch.nn.parallel.data_parallel", wrapper, state)
    path = tmp_path / "whole.pth"
    path.write_bytes(write(whole))
    generator = load_generator(str(path))
    assert generator.config == SMALL
    for name, array in eg3d_flax.to_torch(generator).items():
        np.testing.assert_array_equal(array, generator_state[name])


def test_a_generator_with_noise_in_its_superresolution_is_only_converted(tmp_path, capsys):
    noisy = initialise(dataclasses.replace(SMALL, superresolution_noise_mode="random"))
    path = tmp_path / "noisy.safetensors"
    save_generator(noisy, path, {})
    assert "adds random noise" in refused(capsys, "render", "--model", str(path), "--seeds", "3")
    assert cli.main(["convert", str(path), str(tmp_path / "noisy.pth"), "--to", "torch"]) == 0


def test_a_generator_that_is_not_conditioned_on_cameras_is_only_converted(tmp_path, capsys):
    path = tmp_path / "classes.safetensors"
    save_generator(initialise(dataclasses.replace(SMALL, c_dim=3)), path, {})
    assert "is conditioned on 3 numbers" in refused(capsys, "render", "--model", str(path), "--seeds", "3")
    assert cli.main(["convert", str(path), str(tmp_path / "classes.pth"), "--to", "torch"]) == 0


def flat_generator(*names: str, class_name: str = "Generator") -> bytes:
    """A network pickle of NVIDIA's older projects: no tri-planes."""
    state = {name: np.ones((4, 4), np.float32) for name in names}
    attributes = {"_init_args": (), "_init_kwargs": torch_pickles.easy_dict({"z_dim": 512, "c_dim": 0})}
    inner = torch_pickles.network(state, torch_pickles.legacy_bytes, attributes, "inner.")
    _, (meta,), _ = inner.__reduce__()
    whole = torch_pickles.persistent(class_name, meta["state"])
    return torch_pickles.plain_bytes({"G": whole, "D": None, "G_ema": whole})


def saved(tree: Any) -> bytes:
    return torch_pickles.zip_bytes(tree)


def named(*names: str) -> bytes:
    return saved(tensors({name: np.ones((2, 2), np.float32) for name in names}))


def archive_of_detector() -> bytes:
    return torch_pickles.archive_bytes({f"{net}.npy": b"numbers" for net in ("pnet", "rnet", "onet")})


def whole_of_a_project() -> bytes:
    module = torch_pickles.by_reference(
        "models.encoders.model_irse", "Backbone", torch_pickles.module_state()
    )
    return saved(module)


FOREIGN: dict[str, tuple[Callable[[], bytes], str]] = {
    "stylegan2.pkl": (
        lambda: flat_generator("mapping.fc0.weight", "synthesis.b4.const", "synthesis.b4.conv1.weight"),
        "is a StyleGAN2 generator of flat images",
    ),
    "stylegan3.pkl": (
        lambda: flat_generator("mapping.fc0.weight", "synthesis.input.weight"),
        "is a StyleGAN3 generator of flat images",
    ),
    "discriminator.pkl": (
        lambda: flat_generator("b512.fromrgb.weight", "b4.out.weight", class_name="Discriminator"),
        "discriminator; give the generator",
    ),
    "w_avg_ffhqrebalanced512-128.pt": (
        lambda: saved(torch_pickles.tensor_of(np.zeros((14, 512), np.float32))),
        "holds a single tensor [14, 512]",
    ),
    "trigger_model_E.pt": (
        lambda: named(
            "encoder.encoding_blocks.0.conv1.weight", "bottom_block.conv1.weight", "classifier.bias"
        ),
        "is a mapper of SUGAR",
    ),
    "mtcnn_weights.zip": (archive_of_detector, "--detector FILE"),
    "vgg.pth": (lambda: named("lin0.model.1.weight", "lin1.model.1.weight"), "only the heads of LPIPS"),
    "lpips.pth": (
        lambda: named("net.slice1.0.weight", "lin0.model.1.weight"),
        "is an LPIPS of the package lpips",
    ),
    "page.pkl": (lambda: b"\n<!DOCTYPE html><html>Quota exceeded</html>", "is a web page, not the file"),
    "pointer.pth": (
        lambda: b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n",
        "is a pointer of Git LFS",
    ),
    "optimiser.pt": (lambda: saved({"state": {}, "param_groups": []}), "the state of an optimiser"),
    "whole.pth": (whole_of_a_project, "save only the network's state_dict with torch.save"),
    "only_d.pkl": (
        lambda: generators.small_pickle({"a": np.ones(1, np.float32)}, key="D"),
        "holds no network G_ema (it holds: D)",
    ),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_what_cannot_be_converted_is_named_for_what_it_is(tmp_path, capsys, name):
    make, what = FOREIGN[name]
    path = tmp_path / name
    path.write_bytes(make())
    out = tmp_path / "out.safetensors"
    assert what in refused(capsys, "convert", str(path), str(out))
    assert not out.exists()
    assert what in refused(capsys, "render", "--model", str(path), "--out", str(tmp_path / "out"))
    assert sorted(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("architecture", "what"),
    [
        ("sugar-mapper-unet", "--config.surrogates.file"),
        ("mtcnn", "--detector FILE"),
        ("diagonal-fisher", "--config.ewc.file"),
        ("flux", "names the architecture flux"),
    ],
)
def test_files_of_ours_that_are_no_networks_to_convert(tmp_path, capsys, architecture, what):
    path = tmp_path / "ours.safetensors"
    torch_bridge.write_safetensors(path, {"a": np.ones(1, np.float32)}, {"architecture": architecture})
    assert what in refused(capsys, "convert", str(path), str(tmp_path / "out.safetensors"))


@pytest.mark.parametrize("kind", ["eg3d", "arcface", "lpips", "inception", "goae", "mtcnn-onet"])
def test_another_kind_of_network_is_refused_by_its_kind(kind):
    other = ZOO / ("heads.safetensors" if kind != "eg3d" else "identity_loss.safetensors")
    with pytest.raises(InputError, match=rf"holds a network of the kind (eg3d|arcface), not {kind}"):
        open_network(other, kind)


@pytest.mark.parity
def test_shards_that_cannot_be_put_together(tmp_path, capsys, squeeze):
    index = CONTAINERS["shards.safetensors.index.json"](tmp_path, squeeze)
    part = tmp_path / "shards-00002-of-00002.safetensors"
    line = refused(capsys, "convert", str(part), str(tmp_path / "out.safetensors"))
    assert "is part 2 of 2" in line
    assert index.name in line
    content = json.loads(index.read_text())
    part.unlink()
    assert f"{part.name}: no such file" in refused(capsys, "convert", str(index), "--check")
    name = next(iter(content["weight_map"]))
    for elsewhere in ("../shards.safetensors", "/etc/passwd", "..", "a\\b", "c:x", ""):
        content["weight_map"][name] = elsewhere
        index.write_text(json.dumps(content))
        assert "not a file in its folder" in refused(capsys, "convert", str(index), "--check")
    for text in ("[", "[" * 100_000, "{}", "[]", '{"weight_map": {}}', '{"weight_map": {"a": 1}}'):
        index.write_text(text)
        assert index.name in refused(capsys, "convert", str(index), "--check")


@pytest.mark.parametrize("name", ["heads", "identity_judge", "identity_face_judge", "identity_loss"])
def test_the_bundled_networks_come_back_from_pytorch_as_they_were(tmp_path, name):
    source, torch_file = ZOO / f"{name}.safetensors", tmp_path / "official.pth"
    back = tmp_path / "back.safetensors"
    assert cli.main(["convert", str(source), str(torch_file), "--to", "torch"]) == 0
    with zipfile.ZipFile(torch_file) as archive:
        assert "archive/data.pkl" in archive.namelist()
    assert cli.main(["convert", str(torch_file), str(back)]) == 0
    before, after = open_network(source), open_network(back)
    chex.assert_trees_all_equal(*(nnx.state(network.build()) for network in (before, after)))
    for kept in ("config", "name", "threshold", "framing", "licence"):
        assert after.metadata.get(kept) == before.metadata.get(kept)


def test_a_header_that_is_damaged_is_one_line(tmp_path, capsys):
    for content in (b"[", b"[]", b'{"config": 3}', b"[" * 100_000):
        members = {"data.pkl": b"\x80\x02}q\x00.", "header.json": content}
        (tmp_path / "x.pth").write_bytes(torch_pickles.archive_bytes(members))
        assert "header.json" in refused(capsys, "convert", str(tmp_path / "x.pth"), "--check")


@pytest.mark.parity
def test_bare_names_are_looked_up_where_models_looks(tmp_path, monkeypatch, capsys, generator_state, squeeze):
    elsewhere, here = tmp_path / "downloads", tmp_path / "here"
    elsewhere.mkdir()
    here.mkdir()
    monkeypatch.chdir(here)
    (elsewhere / "ffhqrebalanced512-128.pkl").write_bytes(generators.small_pickle(generator_state))
    (elsewhere / "vgg16-397923af.pth").write_bytes(torch_pickles.zip_bytes(tensors(squeeze)))
    np.save(elsewhere / "w_avg.npy", np.zeros(SMALL.w_dim, np.float32))
    monkeypatch.setenv(pretrained.FOLDERS_VARIABLE, str(elsewhere))
    options = {
        "perceptual": "vgg16-397923af.pth",
        "identity": "heads-loss",
        "judge": "heads-judge",
        "adapter": [],
        "w_avg": Path("w_avg.npy"),
    }
    arguments = SimpleNamespace(model="ffhqrebalanced512-128.pkl", **options)
    models = models_of(arguments)  # type: ignore[arg-type]
    assert models.generator.config == SMALL
    assert models.perceptual_name == "LPIPS SQUEEZE"
    assert "w_avg.npy" in models.mean.origin
    assert pretrained.locate_file("ffhqrebalanced512-128.pkl") == elsewhere / "ffhqrebalanced512-128.pkl"
    folder = Path("downloads") / "ffhqrebalanced512-128.pkl"
    assert pretrained.locate_file(folder) == folder  # not a bare name: taken as it is
    (here / "ffhqrebalanced512-128.pkl").touch()
    assert pretrained.locate_file("ffhqrebalanced512-128.pkl") == Path("ffhqrebalanced512-128.pkl")
    assert "is empty" in refused(capsys, "render", "--model", "ffhqrebalanced512-128.pkl")


def models_like(config: GeneratorConfig) -> Any:
    return SimpleNamespace(
        name="file.pkl", family=None, is_bundled=False, generator=SimpleNamespace(config=config)
    )


def test_the_published_encoder_is_used_where_it_fits(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    faces, cats = models_like(GeneratorConfig.ffhq512_128()), models_like(GeneratorConfig.afhqcats512_128())
    assert choice.default_method(faces) == "optimize"
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "encoder_FFHQ.pt").touch()
    assert choice.default_method(faces) == "hybrid"
    assert choice.published_encoder(faces) == Path("models/encoder_FFHQ.pt")
    assert choice.default_method(models_like(SMALL)) == "optimize"
    assert choice.published_encoder(cats) is None
    (tmp_path / "models" / "encoder_AFHQ.pt").touch()
    assert choice.published_encoder(cats) == Path("models/encoder_AFHQ.pt")


@pytest.mark.parity
def test_models_says_what_can_be_read(tmp_path, monkeypatch, capsys, generator_state, squeeze):
    monkeypatch.chdir(tmp_path)
    good = {
        "ffhq512-128.pkl": generators.small_pickle(generator_state),
        "vgg16-397923af.pth": torch_pickles.zip_bytes(tensors(squeeze)),
        "w_avg_ffhqrebalanced512-128.pt": saved(torch_pickles.tensor_of(np.zeros((14, 512), np.float32))),
    }
    bad = {
        "ffhq512-64.pkl": b"<!DOCTYPE html><html>Quota exceeded</html>",
        "model_ir_se50.pth": good["vgg16-397923af.pth"],
        "mtcnn_weights.zip": archive_of_detector()[:100],
        "encoder_AFHQ.pt": b"",
        "pnet.npy": b"\x93NUMPY",
    }
    for name, content in (good | bad).items():
        (tmp_path / name).write_bytes(content)
    np.save(tmp_path / "ffhq_real_feat.npy", np.zeros((3, 2048), np.float32))
    assert cli.main(["models"]) == 0
    told: dict[str, str] = {}
    entry = ""
    for line in capsys.readouterr().out.splitlines():
        entry = line.split()[0] if not line.startswith(" ") else entry
        if "readable: " in line or "CANNOT BE USED" in line:
            told[entry] = line.strip()
    assert told.keys() == good.keys() | bad.keys() | {"ffhq_real_feat.npy"}
    assert {name for name, line in told.items() if line.startswith("CANNOT")} == bad.keys()
    assert "holds a network of the kind lpips, not arcface" in told["model_ir_se50.pth"]


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04garbage",
        b"\x93NUMPY\x01\x00\x10\x00{'descr': (((((\n",
        npy(b"{'descr': '<f4', 'fortran_order': False, 'shape': (-3, 2048), }\n", bytes(64)),
    ],
)
def test_damaged_features_are_named(tmp_path, content: bytes):
    path = tmp_path / "ffhq_real_feat.npy"
    path.write_bytes(content)
    assert "CANNOT BE USED" in readability(pretrained.entry(path.name), path)


def test_every_entry_is_of_a_kind_that_is_checked():
    from jaxunlearn.models.files.architectures import KINDS

    known = {kind.name for kind in KINDS} | {"latent", "features", "detector"}
    assert {entry.holds for entry in pretrained.ENTRIES} <= known
    assert dataclasses.is_dataclass(pretrained.ENTRIES[0])
