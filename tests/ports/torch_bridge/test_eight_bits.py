"""Arrays in 8 bits: half a scale of error, the same structure, and no other note is taken for scales."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from torch_bridge import CheckpointError, eight_bits
from torch_bridge.safetensors_file import read_safetensors, write_safetensors


def network() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {
        "a.weight": rng.standard_normal((3, 3, 32, 16)).astype(np.float32),
        "a.bias": rng.standard_normal(16).astype(np.float32),
        "decoder.weight": rng.standard_normal((32, 25)).astype(np.float32),
        "constant": np.full((70, 70), 0.7, np.float32),
        "strength": np.zeros((), np.float32),
        "index": np.arange(1000, dtype=np.int32),
        "image": np.arange(1024, dtype=np.uint8).reshape(32, 32),
    }


@given(
    seed=st.integers(0, 99),
    middle=st.floats(-1e4, 1e4, width=32),
    width=st.floats(0, 1e4, width=32),
    power=st.integers(1, 5),
)
def test_a_number_is_off_by_half_a_scale_at_most(seed: int, middle: float, width: float, power: int) -> None:
    array = (middle + width * np.random.default_rng(seed).uniform(-1, 1, 5000) ** power).astype(np.float32)
    decoded, _ = eight_bits.decode(*eight_bits.encode({"x": array}))
    half = (float(array.max()) - float(array.min())) / 510
    error = np.abs(decoded["x"].astype(np.float64) - array).max()
    assert error <= 1.001 * half + 1e-7 * np.abs(array).max()


def test_names_shapes_and_other_numbers_stay(tmp_path: Path) -> None:
    stored, scales = eight_bits.encode(network())
    path = tmp_path / "small.safetensors"
    write_safetensors(path, stored, {"licence": "CC0", "steps": "12", **scales})
    arrays, header = read_safetensors(path)
    assert header == {"licence": "CC0", "steps": "12"}
    assert arrays.keys() == network().keys()
    for name, array in network().items():
        assert (arrays[name].shape, arrays[name].dtype) == (array.shape, array.dtype), name
    for name in ("a.bias", "decoder.weight", "constant", "strength", "index", "image"):
        np.testing.assert_array_equal(arrays[name], network()[name])
    assert stored["a.weight"].dtype == np.uint8


def test_a_note_is_no_scale(tmp_path: Path) -> None:
    """A count of steps is a number; dlib's file keeps its own scales under that name."""
    path = tmp_path / "bytes.safetensors"
    image = np.arange(1024, dtype=np.uint8)
    write_safetensors(path, {"image": image}, {"steps": json.dumps({"image": [0.5, 1.0]})})
    arrays, header = read_safetensors(path)
    np.testing.assert_array_equal(arrays["image"], image)
    assert "steps" in header


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("9500", "the scales in its header are damaged"),
        ("[[[", "the scales in its header are damaged"),
        ('{"image": 2}', "the scales in its header are damaged"),
        ('{"image": [1, NaN]}', "the scales in its header are damaged"),
        ('{"image": [true, 0]}', "the scales in its header are damaged"),
        ('{"other": [1, 0]}', "a scale of other, which is no array in 8 bits"),
        ('{"real": [1, 0]}', "a scale of real, which is no array in 8 bits"),
    ],
)
def test_damaged_scales_are_refused(text: str, message: str) -> None:
    arrays = {"image": np.zeros(4, np.uint8), "real": np.zeros(4, np.float32)}
    with pytest.raises(CheckpointError, match=message):
        eight_bits.decode(arrays, {eight_bits.HEADER: text})
