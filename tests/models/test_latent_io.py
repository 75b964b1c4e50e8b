"""Files of latents: how a file may be named, and the types of numbers that it may have."""

import dataclasses
import warnings
from pathlib import Path
from typing import Any

import jax
import ml_dtypes
import numpy as np
import pytest
from flax import nnx

from jaxunlearn.errors import InputError
from jaxunlearn.files.numpy_arrays import map_npy
from jaxunlearn.models.generator import Generator, merge_generator, split_generator
from jaxunlearn.models.latent_io import fitting_latents, read_latents, write_latents
from jaxunlearn.photos.inversion.choice import choose
from jaxunlearn.photos.inversion.plan import InversionPlan
from jaxunlearn.photos.inversion.report import origin
from jaxunlearn.photos.inversion.search import InversionSettings
from jaxunlearn.photos.people import People, people_from_latents
from jaxunlearn.photos.sources import Photographs
from tests.support.tiny_adapters import tiny_adapted
from tests.support.tiny_models import CONFIG, tiny_models
from tests.support.torch_pickles import tensor_of, zip_bytes
from torch_bridge.safetensors_file import write_safetensors

WS = np.random.default_rng(4).normal(size=(2, CONFIG.num_ws, CONFIG.w_dim)).astype(np.float32)


@pytest.mark.parametrize("named", [str, Path])
def test_a_path_may_be_text(tmp_path, named: Any):
    np.save(tmp_path / "two.npy", WS)
    people = people_from_latents(tiny_models(), named(tmp_path / "two.npy"))
    assert (people.name, people.subjects) == ("two", ("two.npy row 0", "two.npy row 1"))
    np.testing.assert_array_equal(people.ws, WS)
    write_latents(tmp_path / "two.npz", WS, names=("ada", "bob"), c=np.zeros((2, 25)), provenance={})
    assert people_from_latents(tiny_models(), named(tmp_path / "two.npz")).subjects == ("ada", "bob")


@pytest.mark.parametrize("name", ["TWO.NPY", "two.dat", "two"])
def test_an_array_may_have_any_name(tmp_path, name: str):
    with (tmp_path / name).open("wb") as file:
        np.save(file, WS)
    np.testing.assert_array_equal(read_latents(tmp_path / name, CONFIG), WS)


def test_names_are_read_of_an_archive_that_is_called_npy(tmp_path):
    write_latents(tmp_path / "two.npy", WS, names=("ada", "bob"), c=np.zeros((2, 25)), provenance={})
    assert people_from_latents(tiny_models(), tmp_path / "two.npy").subjects == ("ada", "bob")


@pytest.mark.parametrize("name", ["two.pt", "two.npz", "two.npy", "two.safetensors", "two.dat"])
def test_a_damaged_file_is_an_input_error(tmp_path, name: str):
    (tmp_path / name).write_bytes(b"no latents at all")
    with pytest.raises(InputError, match=name):
        people_from_latents(tiny_models(), tmp_path / name)


@pytest.mark.parametrize("name", ["two.csv", "two.json", "ada.png", "two.dat"])
def test_another_kind_of_file_says_what_to_give(tmp_path, name: str):
    (tmp_path / name).write_bytes(b"[[0.1, 0.2]]")
    with pytest.raises(
        InputError, match=r"; latents are read from \.npz, .* jaxunlearn invert finds those of a photo$"
    ):
        people_from_latents(tiny_models(), tmp_path / name)


def test_an_array_of_objects_says_what_to_save(tmp_path):
    np.save(tmp_path / "two.npy", np.array([{"ws": WS}], object))
    with pytest.raises(
        InputError, match=r"holds Python objects, which are not read; save the array of numbers alone$"
    ):
        people_from_latents(tiny_models(), tmp_path / "two.npy")


def test_texts_cannot_be_mapped_as_numbers(tmp_path):
    np.save(tmp_path / "two.npy", np.array(["ada", "bob"]))
    with pytest.raises(InputError, match=r"two\.npy: holds texts, not numbers"):
        map_npy(tmp_path / "two.npy")


def test_names_are_read_in_capitals(tmp_path):
    write_latents(tmp_path / "TWO.NPZ", WS, names=("ada", "bob"), c=np.zeros((2, 25)), provenance={})
    people = people_from_latents(tiny_models(), tmp_path / "TWO.NPZ")
    assert people.subjects == ("ada", "bob")
    np.testing.assert_array_equal(people.ws, WS)


def test_latents_know_the_files_of_their_photos(tmp_path):
    def digests(**provenance: Any) -> tuple[str | None, ...]:
        write_latents(tmp_path / "two.npz", WS, names=("a", "b"), c=np.zeros((2, 25)), provenance=provenance)
        return people_from_latents(tiny_models(), tmp_path / "two.npz").photos_sha256

    assert digests(photographs=[{"sha256": "12"}, {"name": "b"}]) == ("12", None)
    assert digests(photographs=[{"sha256": "12"}]) == ()
    assert digests(seed=3) == ()
    with pytest.raises(InputError, match=r"two\.npz: provenance: photographs must be a list, not 3"):
        digests(photographs=3)


def test_latents_of_an_unrelated_generator_are_taken_with_a_warning(tmp_path):
    """Those of an unlearned or adapted one are not unrelated: it has the mapping network of its source."""
    models, file = tiny_models(), tmp_path / "two.npz"
    plan = InversionPlan(Photographs((), ()), choose(models, "optimize"), InversionSettings())

    def people_of(generator: Generator) -> People:
        about = origin(dataclasses.replace(models, name="other.pkl", generator=generator), plan)
        write_latents(file, WS, names=("a", "b"), c=np.zeros((2, 25)), provenance=about)
        return people_from_latents(models, file)

    split = split_generator(models.generator)
    unlearned = merge_generator(split._replace(trainable=jax.tree.map(lambda x: x + 1, split.trainable)))
    with warnings.catch_warnings(action="error"):
        for generator in (models.generator, unlearned, tiny_adapted()):
            people_of(generator)
    unrelated = nnx.clone(models.generator)
    unrelated.backbone.mapping.w_avg[...] = unrelated.w_avg + 1  # type: ignore[attr-defined]
    with pytest.warns(
        UserWarning, match=r"two\.npz: found with other\.pkl, whose latents are of other people"
    ):
        np.testing.assert_array_equal(people_of(unrelated).ws, WS)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_latents_of_less_precision_are_read(tmp_path, dtype):
    rounded = WS.astype(ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype)
    write_safetensors(tmp_path / "two.safetensors", {"ws": rounded}, {})
    (tmp_path / "two.pt").write_bytes(zip_bytes(tensor_of(rounded)))
    for name in ("two.safetensors", "two.pt"):
        read = read_latents(tmp_path / name, CONFIG)
        assert read.dtype == np.float32
        np.testing.assert_array_equal(read, rounded.astype(np.float32))


@pytest.mark.parametrize(
    "given",
    [
        [[1, 2], [3]],
        WS + 1j,
        WS.astype("datetime64[s]"),
        WS > 0,
        WS.astype(str),
        None,
        {"ws": WS},
        jax.random.split(jax.random.key(0), 3),
    ],
    ids=["ragged", "complex", "dates", "truths", "texts", "none", "a dict", "keys"],
)
def test_what_is_no_array_of_numbers_is_refused_in_a_line(given: Any):
    with pytest.raises(InputError, match=r"^latents must be an array of numbers, not .+$"):
        fitting_latents(given, CONFIG)


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float64, np.int32])
def test_latents_may_have_any_type_of_numbers(dtype):
    np.testing.assert_array_equal(
        fitting_latents(WS.astype(dtype), CONFIG), WS.astype(dtype).astype(np.float32)
    )
