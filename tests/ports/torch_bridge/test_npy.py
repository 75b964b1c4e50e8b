"""numpy's files: plain arrays, and one pickled dict of arrays; calls in the pickle are refused."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import torch_bridge

ARRAYS = {"a": np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4), "b": np.arange(5, dtype=">i4")}


def read(path: Path, value: Any) -> torch_bridge.CheckpointFile:
    np.save(path, value, allow_pickle=True)
    return torch_bridge.read_file(path)


def test_plain_arrays_are_read(tmp_path: Path):
    for array in (*ARRAYS.values(), np.asfortranarray(ARRAYS["a"]), np.float64(3)):
        file = read(tmp_path / "x.npy", array)
        assert file.format == "npy"
        np.testing.assert_array_equal(file.tree, array)


def test_a_dict_of_arrays_is_read(tmp_path: Path):
    state_dict = torch_bridge.flat_state_dict(read(tmp_path / "x.npy", ARRAYS).tree)
    assert state_dict.keys() == ARRAYS.keys()
    for name, array in state_dict.items():
        np.testing.assert_array_equal(array, ARRAYS[name])


def test_arrays_of_objects_have_no_numbers(tmp_path: Path):
    file = read(tmp_path / "x.npy", {"nested": np.array({"a": 1}, dtype=object)})
    with pytest.raises(torch_bridge.CheckpointError, match="without contents"):
        torch_bridge.flat_state_dict(file.tree)
    with pytest.raises(
        torch_bridge.CheckpointError, match=r"x\.npy: its pickle holds a malformed numpy array"
    ):
        read(tmp_path / "x.npy", np.array([1, "two"], dtype=object))


class Command:
    def __reduce__(self):
        return print, ("a call",)


def test_calls_are_refused(tmp_path: Path, capsys):
    with pytest.raises(
        torch_bridge.RefusedGlobalError, match=r"x\.npy: refuses to load global builtins\.print"
    ):
        read(tmp_path / "x.npy", {"weights": Command()})
    assert capsys.readouterr().out == ""


def test_damaged_files_are_refused_by_name(tmp_path: Path):
    values: list[Any] = [ARRAYS["a"], ARRAYS]
    for value in values:
        stored = io.BytesIO()
        np.save(stored, value, allow_pickle=True)
        whole = stored.getvalue()
        for damaged in (whole[:7], whole[:60], whole[:-3], whole.replace(b"(3, 4)", b"(3, 999999999)")):
            (tmp_path / "x.npy").write_bytes(damaged)
            if damaged != whole:
                with pytest.raises(torch_bridge.CheckpointError, match=r"x\.npy: "):
                    torch_bridge.read_file(tmp_path / "x.npy")
