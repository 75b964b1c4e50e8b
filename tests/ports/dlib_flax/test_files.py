"""The bundled weights are the published ones; damaged files are refused in one line."""

import gzip
import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dlib_flax
import torch_bridge
from dlib_flax import face_api, files
from dlib_flax.stored_weights import StoredWeights
from tests.support.external import external_file
from torch_bridge import CheckpointError, StateDictError

FLOATS = {f"conv64_{k}.conv{i}.conv.filters" for k in ("down", 1, 2, 3) for i in (1, 2)}


def bundled() -> StoredWeights:
    return files.bundled_weights()


@pytest.mark.external
def test_the_bundled_weights_are_face_apis(tmp_path: Path):
    """Decode the published files here, line by line, and compare every number."""
    manifest = json.loads(external_file(f"dlib/{face_api.MANIFEST}").read_text())
    data = external_file(f"dlib/{face_api.DATA}").read_bytes()
    arrays = torch_bridge.module_arrays(dlib_flax.load())
    start = 0
    for entry in manifest[0]["weights"]:
        count = int(np.prod(entry["shape"]))
        if "quantization" in entry:
            numbers = np.frombuffer(data, np.uint8, count, start).astype(np.float64)
            numbers = numbers * entry["quantization"]["scale"] + entry["quantization"]["min"]
            start += count
        else:
            numbers = np.frombuffer(data, "<f4", count, start)
            start += 4 * count
        array = arrays.pop(entry["name"].replace("/", "."))
        np.testing.assert_array_equal(array, numbers.astype(np.float32).reshape(entry["shape"]))
    assert not arrays
    assert start == len(data)


@pytest.mark.external
def test_the_recipe_gives_the_bundled_bytes(tmp_path: Path):
    folder = external_file(f"dlib/{face_api.DATA}").parent
    dlib_flax.write(dlib_flax.read_face_api(folder), tmp_path / "dlib.safetensors")
    assert (tmp_path / "dlib.safetensors").read_bytes() == gzip.decompress(files.BUNDLED.read_bytes())


def test_all_but_eight_arrays_are_bytes():
    weights = bundled()
    assert {name for name, array in weights.arrays.items() if array.dtype == np.float32} == FLOATS
    assert weights.steps.keys() == weights.arrays.keys() - FLOATS
    assert len(files.BUNDLED.read_bytes()) < 4.2e6
    assert (Path(str(files.BUNDLED)).parent / "LICENCE.txt").is_file()


@settings(deadline=None, max_examples=30)
@given(
    st.lists(
        st.tuples(
            st.lists(st.integers(1, 4), min_size=1, max_size=4),
            st.none() | st.tuples(st.floats(1e-10, 10), st.floats(-100, 100)),
        ),
        min_size=1,
        max_size=6,
    ),
    st.integers(0, 1000),
)
def test_arrays_survive_the_two_formats(layout, seed):
    rng = np.random.default_rng(seed)
    entries, parts, expected = [], [], {}
    for k, (shape, quantised) in enumerate(layout):
        entry = {"name": f"block/{k}", "shape": shape, "dtype": "float32"}
        if quantised is None:
            numbers = stored = rng.normal(size=shape).astype("<f4")
        else:
            scale, smallest = quantised
            entry["quantization"] = {"dtype": "uint8", "scale": scale, "min": smallest}
            stored = rng.integers(0, 256, shape).astype(np.uint8)
            numbers = np.float32(stored * np.float64(scale) + smallest)
        entries.append(entry)
        parts.append(stored.tobytes())
        expected[f"block.{k}"] = numbers
    data = b"".join(parts)
    weights = face_api.parse(entries, data)
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        path = Path(folder) / "weights.safetensors"
        files.write(weights, path)
        patch.setattr(files, "SHA256", files.digest_of(path))
        again = files.read(path)
    for decoded in (weights.decoded(), again.decoded()):
        assert decoded.keys() == expected.keys()
        for name, array in decoded.items():
            np.testing.assert_array_equal(array, expected[name])
    with pytest.raises(CheckpointError, match=rf"the data end inside block\.{len(layout) - 1}"):
        face_api.parse(entries, data[:-1])
    with pytest.raises(CheckpointError, match=f"the data have {len(data) + 1} bytes"):
        face_api.parse(entries, data + b"\0")


def test_a_damaged_bundled_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    data = files.BUNDLED.read_bytes()
    for damaged in (data[:-100], data[:5000] + bytes(100) + data[5100:], b"nothing"):
        (tmp_path / "dlib.safetensors.gz").write_bytes(damaged)
        monkeypatch.setattr(files, "BUNDLED", tmp_path / "dlib.safetensors.gz")
        with pytest.raises(CheckpointError, match=r"dlib\.safetensors\.gz: is damaged; install the package"):
            dlib_flax.load()


def test_other_files_are_refused(tmp_path: Path):
    damaged = bytearray(gzip.decompress(files.BUNDLED.read_bytes()))
    damaged[-1] ^= 1
    (tmp_path / "dlib.safetensors").write_bytes(damaged)
    with pytest.raises(CheckpointError, match=r"dlib\.safetensors: is not the bundled file"):
        files.read(tmp_path / "dlib.safetensors")
    with pytest.raises(CheckpointError, match=r"manifest\.json: no such file"):
        dlib_flax.read_face_api(tmp_path)
    (tmp_path / face_api.MANIFEST).write_text("[]")
    with pytest.raises(CheckpointError, match=r"manifest\.json: is not the file of @vladmandic/face-api"):
        dlib_flax.read_face_api(tmp_path)


def test_weights_that_do_not_fit_are_named():
    weights = bundled()
    arrays = {name: array for name, array in weights.arrays.items() if name != "fc"}
    arrays["conv32_1.conv1.conv.bias"] = np.zeros(31, np.uint8)
    with pytest.raises(StateDictError) as error:
        files.network_from(StoredWeights(arrays, weights.steps))
    assert [line.split(":")[0] for line in str(error.value).splitlines()] == [
        "conv32_1.conv1.conv.bias",
        "fc",
    ]
