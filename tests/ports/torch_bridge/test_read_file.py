"""Files are recognised by content and read for their numbers, whatever their name says."""

import argparse
import collections
import math
import pathlib
import pickle
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import torch_bridge
from tests.support import torch_pickles

DTYPES = [
    np.dtype(name) if name != "bfloat16" else np.dtype(ml_dtypes.bfloat16) for name in torch_pickles.STORAGES
]
CONTAINERS = {"torch zip": torch_pickles.zip_bytes, "torch legacy": torch_pickles.legacy_bytes}
WRITERS: list[Callable[[Any], bytes]] = [torch_pickles.zip_bytes, torch_pickles.legacy_bytes]


def numbers(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Distinct values where the dtype allows, random enough to notice a transposition."""
    return (np.random.default_rng(7).normal(size=shape) * 50).astype(dtype)


def read(path: Path, data: bytes) -> torch_bridge.CheckpointFile:
    path.write_bytes(data)
    return torch_bridge.read_file(path)


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_containers_hold_tensors_of_every_dtype(tmp_path, container, protocol):
    arrays = {f"layer.{dtype.name}": numbers((3, 4), dtype) for dtype in DTYPES}
    arrays["scalar"] = np.asarray(np.float32(0.25))
    arrays["empty"] = np.zeros((0, 5), np.float32)
    tree = OrderedDict((name, torch_pickles.tensor_of(array)) for name, array in arrays.items())
    tree["parameter"] = torch_pickles.parameter_of(arrays["scalar"])
    file = read(tmp_path / "misleading.safetensors", CONTAINERS[container](tree, protocol))
    assert file.format == container
    found = torch_bridge.flat_state_dict(file.tree)
    assert list(found) == [*arrays, "parameter"]
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array, strict=True)


def test_big_endian_archives_are_swapped(tmp_path):
    tree = {"a": torch_pickles.tensor_of(numbers((2, 3), np.dtype(np.float32)))}
    file = read(tmp_path / "a.pt", torch_pickles.zip_bytes(tree, byteorder="big"))
    np.testing.assert_array_equal(
        torch_bridge.flat_state_dict(file.tree)["a"], numbers((2, 3), np.dtype("f4"))
    )


@pytest.mark.parametrize("container", CONTAINERS)
def test_views_share_their_storage(tmp_path, container):
    values = np.arange(24, dtype=np.float32)
    storage = torch_pickles.Storage(values)
    tree = {
        "transposed": torch_pickles.tensor(storage, 0, (4, 6), (1, 4)),
        "column": torch_pickles.tensor(storage, 2, (6,), (4,)),
        "expanded": torch_pickles.tensor(storage, 23, (5, 2), (0, 0)),
    }
    found = torch_bridge.flat_state_dict(read(tmp_path / "v.pt", CONTAINERS[container](tree)).tree)
    np.testing.assert_array_equal(found["transposed"], values.reshape(6, 4).T)
    np.testing.assert_array_equal(found["column"], values.reshape(6, 4)[:, 2])
    np.testing.assert_array_equal(found["expanded"], np.full((5, 2), 23))


@st.composite
def strided_views(draw) -> tuple[np.ndarray, int, tuple[int, ...], tuple[int, ...]]:
    """A run of numbers with offset, shape and strides that stay inside it."""
    shape = tuple(draw(st.lists(st.integers(0, 4), max_size=4)))
    strides = tuple(draw(st.integers(0, 5)) for _ in shape)
    offset = draw(st.integers(0, 7))
    needed = (
        offset + sum((n - 1) * s for n, s in zip(shape, strides, strict=True)) + 1 if math.prod(shape) else 0
    )
    count = max(needed, 0) + draw(st.integers(0, 3))
    return numbers((count,), draw(st.sampled_from(DTYPES))), offset, shape, strides


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(view=strided_views(), write=st.sampled_from(WRITERS))
def test_strided_tensors_keep_their_numbers(tmp_path, view, write):
    values, offset, shape, strides = view
    tree = {"t": torch_pickles.tensor(torch_pickles.Storage(values), offset, shape, strides)}
    array = torch_bridge.flat_state_dict(read(tmp_path / "t.pt", write(tree)).tree)["t"]
    assert (array.shape, array.dtype) == (shape, values.dtype)
    for index in np.ndindex(shape):
        element = values[offset + sum(i * s for i, s in zip(index, strides, strict=True))]
        np.testing.assert_array_equal(array[index], element)
    again = tmp_path / "again.pth"
    torch_bridge.write_torch(again, {"t": array})
    back = torch_bridge.flat_state_dict(torch_bridge.read_file(again).tree)["t"]
    np.testing.assert_array_equal(back, array, strict=True)


def test_wrapped_state_dicts_are_found(tmp_path):
    inner = {"a": torch_pickles.tensor_of(np.ones(2, np.float32))}
    tree = {"epoch": 3, "state_dict": inner, "optimizer": {"lr": 0.1, "betas": (0.9, 0.99), "note": None}}
    file = read(tmp_path / "w.pth", torch_pickles.zip_bytes(tree))
    assert file.tree["optimizer"] == {"lr": 0.1, "betas": (0.9, 0.99), "note": None}
    assert list(torch_bridge.find_state_dict(file.tree)) == ["a"]
    with pytest.raises(
        torch_bridge.CheckpointError, match="entry epoch of its state dict is a int, not a tensor"
    ):
        torch_bridge.flat_state_dict(file.tree)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_numpy_values_are_plain_data(tmp_path, protocol):
    array = np.asfortranarray(numbers((3, 4), np.dtype(np.float64)))
    tree = {
        "gain": np.float64(1.5),
        "count": np.int32(7),
        "c": array.T,
        "f": array,
        "big": array.astype(">f4"),
    }
    data = torch_pickles.plain_bytes(tree, protocol)
    if protocol == 2:  # names stand there as plain text, so an old NumPy's can be put in their place
        data = data.replace(b"numpy._core", b"numpy.core")
    found = read(tmp_path / "n.pkl", data).tree
    assert (found["gain"], found["count"]) == (1.5, 7)
    assert {type(found["gain"]), type(found["count"])} == {float, int}
    for name in ("c", "f", "big"):
        np.testing.assert_array_equal(found[name].array(), tree[name])


def test_pickled_numpy_dicts_are_read(tmp_path):
    tree = {
        "conv1.weight": numbers((2, 3), np.dtype(np.float32)),
        "nested": {"scale": [np.float32(0.5), (1, None)]},
    }
    np.save(tmp_path / "pnet.npy", tree, allow_pickle=True)  # type: ignore[arg-type]
    file = torch_bridge.read_file(tmp_path / "pnet.npy")
    assert file.format == "numpy"
    found = torch_bridge.plain(file.tree)
    np.testing.assert_array_equal(found["conv1.weight"], tree["conv1.weight"], strict=True)
    assert found["nested"] == {"scale": [0.5, (1, None)]}
    again = torch_bridge.read_pickle_bytes(torch_pickles.plain_bytes(tree), "member")
    assert torch_bridge.plain(again)["nested"] == found["nested"]


def test_a_single_tensor_is_an_array(tmp_path):
    w_avg = numbers((14, 8), np.dtype(np.float32))
    file = read(tmp_path / "w_avg.pt", torch_pickles.zip_bytes(torch_pickles.tensor_of(w_avg)))
    np.testing.assert_array_equal(torch_bridge.as_array(file.tree), w_avg, strict=True)
    with pytest.raises(torch_bridge.CheckpointError, match="holds a list where a single tensor is expected"):
        torch_bridge.as_array([])


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize(
    "beside",
    [
        collections.Counter([3, 4, 4]),
        collections.defaultdict(list, {"loss": [0.5]}),
        frozenset([1, 2]),
        argparse.Namespace(out=pathlib.PureWindowsPath("c:/x"), data=pathlib.PurePosixPath("/x")),
    ],
)
def test_what_training_scripts_save_beside_the_weights_is_plain_data(tmp_path, protocol: int, beside: Any):
    pickled = pickle.dumps({"state_dict": {"a": np.arange(3.0)}, "beside": beside}, protocol)
    file = read(tmp_path / "a.pkl", pickled)
    np.testing.assert_array_equal(torch_bridge.find_state_dict(file.tree)["a"], np.arange(3.0))
    found = file.tree["beside"]
    assert (
        found == beside if isinstance(beside, dict | frozenset) else found.class_name == "argparse.Namespace"
    )
    assert type(found).__module__ in ("builtins", "torch_bridge.records")
    renamed = pickled.replace(b"cpathlib\n", b"cpathlib._local\n")  # as Python 3.13.0 writes it
    assert read(tmp_path / "a.pkl", renamed).tree.keys() == file.tree.keys()


def test_safetensors_keep_their_header(tmp_path):
    path = tmp_path / "s.bin"
    transposed = numbers((3, 4), np.dtype(np.float32)).T
    torch_bridge.write_safetensors(path, {"t": transposed, "s": np.asarray(2.0)}, {"config": "{}"})
    file = torch_bridge.read_file(path)
    assert (file.format, file.metadata) == ("safetensors", {"config": "{}"})
    np.testing.assert_array_equal(file.tree["t"], transposed)
    assert file.tree["s"].shape == ()


def test_a_header_may_name_a_file_that_is_not_utf8(tmp_path):
    name = b"r\xe4nd.pkl".decode("utf-8", "surrogateescape")
    torch_bridge.write_safetensors(tmp_path / "a.bin", {"a": np.arange(3.0)}, {"source": name, "note": "ä"})
    assert torch_bridge.read_file(tmp_path / "a.bin").metadata == {"source": r"r\udce4nd.pkl", "note": "ä"}


def test_equal_safetensors_have_equal_bytes(tmp_path):
    header = {f"text {k}": "μ" * k for k in range(8)}
    written = set()
    for k in range(4):
        shuffled = dict(np.random.default_rng(k).permutation(list(header.items())))
        torch_bridge.write_safetensors(tmp_path / "s.bin", {"a": np.arange(3.0)}, shuffled)
        written.add((tmp_path / "s.bin").read_bytes())
        assert torch_bridge.read_file(tmp_path / "s.bin").metadata == header
    assert len(written) == 1
    torch_bridge.write_safetensors(tmp_path / "s.bin", {"a": np.arange(3.0)}, {})
    np.testing.assert_array_equal(torch_bridge.read_file(tmp_path / "s.bin").tree["a"], np.arange(3.0))


def test_writers_leave_nothing_behind_when_they_fail(tmp_path):
    path = tmp_path / "kept.pth"
    path.write_bytes(b"before")
    with pytest.raises(torch_bridge.CheckpointError, match="cannot hold numbers of type complex64"):
        torch_bridge.write_torch(path, {"a": np.zeros(2, np.complex64)})
    with pytest.raises(torch_bridge.CheckpointError, match="does not exist"):
        torch_bridge.write_safetensors(tmp_path / "no" / "where.safetensors", {"a": np.zeros(2)}, {})
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("kept.pth", b"before")]
