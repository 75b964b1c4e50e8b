"""The bundled identity networks: they never met the same people, and take any image in any function."""

import dataclasses
import itertools
from importlib import resources
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from safetensors import safe_open

import arcface_flax
from arcface_flax import ArcFace, ArcFaceConfig
from jaxunlearn.errors import InputError
from jaxunlearn.models.dlib_network import DlibNetwork
from jaxunlearn.models.identity import (
    BUNDLED_NETWORKS,
    IdentityNetwork,
    identity_network,
    load_identity,
    save_identity,
)
from jaxunlearn.models.loading import load_models
from jaxunlearn.zoo.metrics.identity_metrics import cosines_of_pairs, embed_photographs, verify
from jaxunlearn.zoo.synthetic.photographs import HELD_OUT_FIRST, PhotographRequest
from jaxunlearn.zoo.training.identity_data import identity_photographs
from tests.support.drawn import drawn_module
from tests.support.tiny_models import tiny_models
from torch_bridge import write_torch

SMALL = ArcFaceConfig(
    units=(1, 1), channels=(16, 32), stem_channels=8, input_size=16, embedding_size=12, squeeze_excite=False
)


@pytest.fixture(scope="module")
def photographs() -> np.ndarray:
    """40 people whom no network was trained on, six photographs of each."""
    request = PhotographRequest("identity", people=40, views=6, resolution=64, first=HELD_OUT_FIRST)
    return identity_photographs(request, workers=1, folder=None)


@pytest.fixture(params=BUNDLED_NETWORKS, scope="module")
def network(request: pytest.FixtureRequest) -> IdentityNetwork:
    return load_identity(request.param)


def header(name: str) -> dict[str, str]:
    file = resources.files("jaxunlearn.zoo") / f"{BUNDLED_NETWORKS[name]}.safetensors"
    with resources.as_file(file) as path, safe_open(path, framework="numpy") as opened:
        assert path.stat().st_size < 1.6e6
        return dict(opened.metadata())


def test_the_files_say_who_was_seen() -> None:
    headers = [header(name) for name in BUNDLED_NETWORKS]
    for key in ("people", "seed", "name"):
        assert len({values[key] for values in headers}) == len(BUNDLED_NETWORKS), key
    for values in headers:
        assert {
            "architecture",
            "config",
            "licence",
            "threshold",
            "framing",
            "training_steps",
        } <= values.keys()
    assert "scenario wigs" in header("heads-face-judge")["people"]


def test_strangers_are_told_apart(network: IdentityNetwork, photographs: np.ndarray) -> None:
    embeddings = embed_photographs(network, photographs)
    figures = verify(embeddings)
    assert figures.tar > 0.85
    assert figures.rank1 > 0.9
    assert network.threshold is not None
    _, different = cosines_of_pairs(embeddings)
    assert (different > network.threshold).mean() < 0.03


def test_no_network_is_another_one(photographs: np.ndarray) -> None:
    embedded = [
        np.asarray(load_identity(name).embed(_floats(photographs[:4, 0]))) for name in BUNDLED_NETWORKS
    ]
    for one, other in itertools.combinations(embedded, 2):
        assert np.abs(np.sum(one * other, axis=1)).max() < 0.5


def test_images_of_any_size_are_embedded(network: IdentityNetwork, photographs: np.ndarray) -> None:
    image = _floats(photographs[:3, 0])
    large = jax.image.resize(image, (3, 200, 200, 3), "linear")
    same = jnp.sum(network.embed(image) * network.embed(large), axis=1)
    assert float(same.min()) > 0.9


def test_it_is_an_argument_of_compiled_functions(network: IdentityNetwork, photographs: np.ndarray) -> None:
    image = _floats(photographs[:2, 0])

    @jax.jit
    def unlike(network: IdentityNetwork, image: jax.Array) -> jax.Array:
        one, other = network.embed(image)
        return one @ other

    value, gradient = jax.value_and_grad(unlike, argnums=1)(network, image)
    assert float(value) == pytest.approx(float(unlike(network, image)), abs=1e-5)
    assert float(jnp.abs(gradient).max()) > 0
    assert not jax.make_jaxpr(unlike)(network, image).consts


def test_published_files_look_at_the_face(tmp_path: Path) -> None:
    module = drawn_module(lambda: ArcFace(SMALL, rngs=nnx.Rngs(0)), 3)
    arcface_flax.save(module, tmp_path / "converted.safetensors", notes={"licence": "none"})
    network = load_identity(str(tmp_path / "converted.safetensors"))
    assert (network.name, network.threshold, network.framing) == ("converted", None, "face")
    image = jax.random.uniform(jax.random.key(0), (2, 64, 64, 3), minval=-1, maxval=1)
    (tmp_path / "converted.safetensors").rename(tmp_path / "model_ir_se50.safetensors")
    assert load_identity(str(tmp_path / "model_ir_se50.safetensors")).name == "IR-SE50"
    expected = module(arcface_flax.identity_crop(image, size=16))
    np.testing.assert_allclose(network.embed(image), expected, atol=1e-5)


def test_what_cannot_be_used_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nobody: no such file.*heads-loss, heads-judge"):
        load_identity("nobody")
    (tmp_path / "text.pth").write_text("not a network")
    with pytest.raises(InputError, match=r"text\.pth"):
        load_identity(str(tmp_path / "text.pth"))
    write_torch(tmp_path / "other.pth", {"weight": np.zeros(3, np.float32)})
    with pytest.raises(InputError, match=r"other\.pth: does not fit"):
        load_identity(str(tmp_path / "other.pth"))


def test_a_judge_may_be_a_path(tmp_path: Path) -> None:
    module = drawn_module(lambda: ArcFace(SMALL, rngs=nnx.Rngs(0)), 3)
    arcface_flax.save(module, tmp_path / "judge.safetensors", notes={})
    for judge in (tmp_path / "judge.safetensors", [tmp_path / "judge.safetensors"], Path("heads-judge")):
        assert "judge" in load_models("random", judge=judge).judge.name


def test_judges_of_one_name_are_refused(tmp_path: Path) -> None:
    """Results tell judges apart by name: of two networks, each would have got the other's embeddings, too."""
    files = [tmp_path / folder / "backbone.safetensors" for folder in ("a", "b")]
    for seed, file in enumerate(files):
        file.parent.mkdir()
        arcface_flax.save(drawn_module(lambda: ArcFace(SMALL, rngs=nnx.Rngs(0)), seed), file, notes={})
    for judges in (files, ["heads-judge", "heads-judge"], ["dlib", "dlib"]):
        with pytest.raises(InputError, match=f"^judges {judges[0]} and {judges[1]}: both are called '"):
            load_models("random", judge=judges)


def test_the_network_of_the_loss_judges_with_a_warning(tmp_path: Path) -> None:
    save_identity(load_identity("heads-loss"), tmp_path / "copy.safetensors", {})
    for judge in ("heads-loss", tmp_path / "copy.safetensors"):
        with pytest.warns(
            UserWarning, match="^the judge 'heads identity loss' is the network of the identity"
        ):
            load_models("random", judge=[judge, "dlib"])


@pytest.mark.parametrize("text", ["abc", "nan", "1e400", ""])
def test_a_threshold_is_a_finite_number(tmp_path: Path, text: str) -> None:
    module = drawn_module(lambda: ArcFace(SMALL, rngs=nnx.Rngs(0)), 3)
    arcface_flax.save(module, tmp_path / "a.safetensors", notes={"threshold": text})
    with pytest.raises(InputError, match=f"the threshold in its header is {text}, not a finite number"):
        load_identity(str(tmp_path / "a.safetensors"))


def test_networks_of_the_same_kind_share_a_compilation() -> None:
    one, other = (
        identity_network(
            drawn_module(lambda: ArcFace(SMALL, rngs=nnx.Rngs(0)), seed),
            name="x",
            threshold=None,
            framing="whole",
        )
        for seed in (0, 1)
    )
    assert jax.tree.structure(one) == jax.tree.structure(other)


def _floats(images: np.ndarray) -> jax.Array:
    return jnp.asarray(images, jnp.float32) / 127.5 - 1


def test_an_unknown_framing_is_refused() -> None:
    with pytest.raises(InputError, match=r"^no framing 'faces'; choose from whole, face$"):
        identity_network(
            ArcFace(SMALL, rngs=nnx.Rngs(0)),
            name="x",
            threshold=None,
            framing="faces",  # type: ignore[arg-type]
        )


def test_a_judge_of_ones_own_is_the_first_of_the_judges() -> None:
    """With the judges of before it would have been left out."""
    models = tiny_models()
    mine = dataclasses.replace(models.identity, name="mine")
    with pytest.raises(InputError, match=r"^the judge 'mine' is not the first of judges, but 'judge': give"):
        dataclasses.replace(models, judge=mine)
    dlib = DlibNetwork.load()
    for judges in ((mine, *models.judges), (dlib, mine), (dlib,)):
        assert dataclasses.replace(models, judge=mine, judges=judges).judge is mine
