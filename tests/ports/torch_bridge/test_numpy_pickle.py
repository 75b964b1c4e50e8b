"""Pickles of numpy arrays are read; anything else in them is refused and never run."""

import io
import pickle
from pathlib import Path

import numpy as np
import pytest

from torch_bridge.numpy_pickle import NumpyPickleError, load_numpy_pickle, loads_numpy_pickle

ARRAYS = {
    "float": np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4),
    "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "big endian": np.arange(5, dtype=">i4"),
    "scalar": np.array(True),
}


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_arrays_are_read_in_every_protocol(protocol):
    if protocol == 5:  # numpy writes its own reconstruction function there
        with pytest.raises(NumpyPickleError, match="_frombuffer"):
            loads_numpy_pickle(pickle.dumps(ARRAYS, protocol=protocol), name="x.pkl")
        return
    nested = {"a": [ARRAYS, (1, None, "text")]}
    read = loads_numpy_pickle(pickle.dumps(nested, protocol=protocol), name="x.pkl")
    assert read["a"][1] == (1, None, "text")
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(read["a"][0][name], array)


def test_npy_files_with_one_object_are_read(tmp_path: Path):
    np.save(tmp_path / "x.npy", np.array(ARRAYS, dtype=object), allow_pickle=True)
    read = load_numpy_pickle(tmp_path / "x.npy")
    assert read.keys() == ARRAYS.keys()
    np.testing.assert_array_equal(read["fortran"], ARRAYS["fortran"])


class Command:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("function", [print, eval, Path, np.load])
def test_calls_are_refused(function):
    data = pickle.dumps({"weights": Command(function, "1 + 1")}, protocol=2)
    with pytest.raises(NumpyPickleError, match=r"^evil\.pkl asks for .*not part of a plain numpy array"):
        loads_numpy_pickle(data, name="evil.pkl")


def test_damaged_data_is_reported_by_name():
    whole = pickle.dumps(ARRAYS, protocol=2)
    for damaged in (b"", whole[: len(whole) // 2], b"not a pickle", whole.replace(b"f4", b"O8")):
        with pytest.raises(NumpyPickleError, match=r"^x\.pkl"):
            loads_numpy_pickle(damaged, name="x.pkl")
    plain = io.BytesIO()
    np.save(plain, np.arange(3))
    with pytest.raises(NumpyPickleError, match=r"read it with numpy\.load"):
        loads_numpy_pickle(plain.getvalue(), name="x.npy")
