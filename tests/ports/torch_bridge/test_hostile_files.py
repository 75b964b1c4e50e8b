"""A file that is damaged or means harm gets one line that names it and the cause; nothing else happens."""

import contextlib
import io
import pickle
import re
import struct
import tracemalloc
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import torch_bridge
from tests.support import torch_pickles
from torch_bridge import CheckpointError, read_file

ARRAYS = {"a.weight": np.arange(6, dtype=np.float32).reshape(2, 3), "a.bias": np.zeros(2, np.float32)}
TREE = OrderedDict((name, torch_pickles.tensor_of(array)) for name, array in ARRAYS.items())
VALID = {
    "torch zip": torch_pickles.zip_bytes(TREE),
    "torch legacy": torch_pickles.legacy_bytes(TREE),
    "pickle": torch_pickles.generator_bytes(ARRAYS, {"z_dim": 512}),
    "pickle with zip": torch_pickles.generator_bytes(
        ARRAYS, {}, protocol=2, embed_as=torch_pickles.zip_bytes
    ),
}


def refusal(path: Path, data: bytes) -> str:
    """The message with which `data` is refused, which must be one line that names the file."""
    path.write_bytes(data)
    with pytest.raises(CheckpointError) as caught:
        read_file(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    assert len(message) < 400
    return message.removeprefix(f"{path}: ")


def refused_global(name: str) -> str:
    return f"refuses to load global {name}; save only the network's state_dict with torch.save"


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system"),
        ("posix", "system"),
        ("builtins", "eval"),
        ("builtins", "getattr"),
        ("__builtin__", "exec"),
        ("pkgutil", "resolve_name"),
        ("subprocess", "Popen"),
        ("torch.hub", "load"),
        ("numpy", "load"),
        ("torch.storage", "os.system"),
        ("torch.nn", "modules.os.system"),
        ("collections", "OrderedDict.fromkeys"),
        ("training\nos", "system"),
    ],
)
@pytest.mark.parametrize("container", ["pickle", "torch zip", "torch legacy", "embedded"])
def test_globals_are_refused_by_name(tmp_path, module, name, container):
    canary = tmp_path / "canary"
    protocols = [4] if "\n" in module else [2, 4]
    for protocol in protocols:
        data = torch_pickles.calling(module, name, f"touch {canary}", protocol)
        if container == "torch zip":
            data = torch_pickles.archive_bytes({"data.pkl": data})
        elif container == "torch legacy":
            data = b"".join(pickle.dumps(part, 2) for part in (torch_pickles.MAGIC, 1001, {})) + data
        elif container == "embedded":
            hostile = torch_pickles.archive_bytes({"data.pkl": data})
            data = torch_pickles.plain_bytes(torch_pickles.Call("torch.storage", "_load_from_bytes", hostile))
        shown = f"{module}.{name}".replace("\n", r"\n")
        assert refusal(tmp_path / "bad.pkl", data) == refused_global(shown)
    assert not canary.exists()


def test_objects_in_numpy_files_are_pickles_too(tmp_path):
    np.save(tmp_path / "dict.npy", {"a": 1}, allow_pickle=True)  # type: ignore[arg-type]
    header = (tmp_path / "dict.npy").read_bytes()[:128]
    assert header.endswith(b"\n")
    hostile = header + torch_pickles.calling("os", "system", "true", 4)
    assert refusal(tmp_path / "bad.npy", hostile) == refused_global("os.system")
    np.save(tmp_path / "numbers.npy", np.arange(3))
    bare = (tmp_path / "numbers.npy").read_bytes()
    assert refusal(tmp_path / "bad.npy", bare) == "holds a bare numpy array, not a checkpoint"


def test_text_pickles_are_refused_too(tmp_path):
    assert refusal(tmp_path / "a.pt", b"cos\nsystem\n(S'true'\ntR.") == refused_global("os.system")


def test_globals_count_even_if_unused(tmp_path):
    data = b"\x80\x02cos\nsystem\n0}."
    assert refusal(tmp_path / "a.pkl", data) == refused_global("os.system")


def test_torchscript_is_named(tmp_path):
    script = b"\x80\x02c__torch__.torch.nn\nModule\n)\x81."
    data = torch_pickles.archive_bytes({"data.pkl": script, "code/x.py": b"", "constants.pkl": b"\x80\x02)."})
    assert "is a TorchScript archive; load it with torch.jit.load" in refusal(tmp_path / "vgg16.pt", data)


def short(text: str) -> bytes:
    return pickle.BINUNICODE + struct.pack("<I", len(text)) + text.encode()


TRICKS = {
    "calls a result": (b"\x80\x02ccollections\nOrderedDict\n)R)R.", "calls something that is not a named"),
    "state of a list": (b"\x80\x02]}b.", "malformed"),
    "extension registry": (b"\x80\x02\x82\x01.", "instruction EXT1"),
    "out-of-band buffer": (b"\x80\x05\x97.", "instruction NEXT_BUFFER"),
    "outside reference": (b"\x80\x02K\x01Q.", "refers to data outside"),
    "keyword arguments": (
        b"\x80\x04" + b"ctorch.nn\nLinear\n" + b")}" + short("a") + b"K\x01s" + b"\x92.",
        "calls torch.nn.Linear with keyword arguments",
    ),
    "empty stack": (b"\x80\x02.", "malformed"),
    "no mark": (b"\x80\x02t.", "malformed"),
    "unknown memo": (b"\x80\x02h\x05.", "malformed"),
    "giant memo index": (b"\x80\x02}r\xff\xff\xff\x7f.", "holds a dict without entries"),
    "odd items": (b"\x80\x02}(K\x01u.", "malformed"),
    "nested key": (b"\x80\x02}" + b")" + b"\x85" * 100_000 + b"K\x01s.", "uses a tuple as a key"),
    "nested set": (b"\x80\x04\x8f(" + b")" + b"\x85" * 100_000 + b"\x90.", "uses a tuple as a key"),
    "byte string of 2**62": (b"\x80\x04\x8e" + struct.pack("<Q", 2**62) + b"abc", "cut short"),
    "byte array of 2**40": (b"\x80\x05\x96" + struct.pack("<Q", 2**40) + b"abc", "cut short"),
    "text of 2**40": (b"\x80\x04\x8d" + struct.pack("<Q", 2**40) + b"abc", "cut short"),
    "integer of 2**31 bytes": (b"\x80\x02\x8b" + struct.pack("<i", 2**31 - 1) + b"abc", "cut short"),
    "unknown instruction": (b"\x80\x02\xff.", "not a readable pickle"),
    "cut short": (b"\x80\x02}", "cut short"),
    "chained constructors": (
        b"\x80\x02" + b"ccopyreg\n__newobj__\n" * 2 + b"\x85R.",
        "creates an object without a class",
    ),
    "deep nesting": (b"\x80\x02" + b"]" * 50_000 + b"a" * 49_999 + b".", "holds a list where"),
    "deep dicts": (
        b"\x80\x02" + (b"}" + short("state_dict")) * 20_000 + b"}" + b"s" * 20_000 + b".",
        "entry state_dict of its state dict is a dict",
    ),
    "array of a huge shape": (
        torch_pickles.plain_bytes(
            torch_pickles.Call(
                "numpy._core.multiarray",
                "_reconstruct",
                torch_pickles.named_class("numpy", "ndarray"),
                (0,),
                b"b",
                state=(1, (2**40,), torch_pickles.Call("numpy", "dtype", "f8", False, True), False, b"12"),
            )
        ),
        "2 bytes for a numpy array",
    ),
    "array of texts": (
        torch_pickles.plain_bytes(torch_pickles.Call("numpy", "dtype", "U5", False, True)),
        "numpy dtype U5, which is not a number",
    ),
    "objects from bytes": (
        torch_pickles.plain_bytes(
            torch_pickles.Call(
                "numpy._core.multiarray",
                "scalar",
                torch_pickles.Call("numpy", "dtype", "O8", False, True),
                b"12345678",
            )
        ),
        "malformed numpy array of objects",
    ),
}


@pytest.mark.parametrize("trick", TRICKS)
def test_pickle_tricks_fail_politely(tmp_path, trick):
    data, cause = TRICKS[trick]
    path = tmp_path / "bad.pkl"
    path.write_bytes(data)
    tracemalloc.start()
    with pytest.raises(CheckpointError, match=re.escape(cause)) as caught:
        torch_bridge.find_state_dict(read_file(path).tree)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "\n" not in str(caught.value)
    assert peak < 100 * 2**20


TENSORS = {
    "outside its storage": ((1, (2, 2), (2, 1)), "reaches element 4 of a storage of 4"),
    "far stride": ((0, (2,), (2**40,)), "reaches element"),
    "negative offset": ((-1, (2,), (1,)), "malformed"),
    "negative stride": ((3, (2,), (-1,)), "malformed"),
    "giant expansion": ((0, (2**20, 2**20), (0, 0)), "is declared on 4 elements"),
    "too many dimensions": ((0, (1,) * 33, (1,) * 33), "number of dimensions"),
    "fewer strides": ((0, (2, 2), (1,)), "number of dimensions"),
    "empty but huge": ((0, (0, 2**40, 2**40), (0, 0, 0)), "malformed shape"),
    "printable numbers only": ((0, (10**6000,), (1,)), "malformed"),
}


@pytest.mark.parametrize("view", TENSORS)
@pytest.mark.parametrize("write", [torch_pickles.zip_bytes, torch_pickles.legacy_bytes])
def test_tensors_stay_inside_their_storage(tmp_path, view, write):
    (offset, shape, strides), cause = TENSORS[view]
    storage = torch_pickles.Storage(np.zeros(4, np.float32))
    data = write({"t": torch_pickles.tensor(storage, offset, shape, strides)})
    assert cause in refusal(tmp_path / "t.pt", data)


def altered_directory(data: bytes, name: bytes, field: int, value: int) -> bytes:
    """The archive with one 32-bit field changed in the central directory's entry of the member `name`."""
    entry = data.rindex(b"PK\x01\x02", 0, data.rindex(name))
    return data[: entry + field] + struct.pack("<I", value) + data[entry + field + 4 :]


def test_zip_headers_are_not_believed(tmp_path):
    path = tmp_path / "bomb.pt"
    valid = torch_pickles.zip_bytes(TREE)
    for field in (20, 24):  # compressed and uncompressed size
        lying = altered_directory(valid, b"archive/data/0", field, 2**31)
        assert "compressed" in refusal(path, lying)
    both = altered_directory(
        altered_directory(valid, b"archive/data/0", 20, 2**31), b"archive/data/0", 24, 2**31
    )
    assert refusal(path, both) == "its archive declares 2147483648 bytes for data/0, more than the file has"


def test_zip_bombs_are_refused(tmp_path):
    members = {"data.pkl": b"\x80\x02" + b"0" * 10_000_000}
    bomb = torch_pickles.archive_bytes(members, zipfile.ZIP_DEFLATED)
    assert len(bomb) < 20_000
    assert (
        refusal(tmp_path / "bomb.pt", bomb)
        == "its archive holds data.pkl compressed, which PyTorch never does"
    )


# Python 3.13 warns of them, too.
@pytest.mark.filterwarnings("ignore:Overlapped entries:UserWarning")
def test_members_that_overlap_are_refused(tmp_path):
    """Two entries of the directory that point to the same bytes would let a small file declare much."""
    valid = torch_pickles.zip_bytes(
        {str(i): torch_pickles.tensor_of(np.zeros(40_000, np.float32)) for i in range(2)}
    )
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(valid)) as archive, zipfile.ZipFile(file, "w") as overlapping:
        for name in ("data.pkl", "data/0"):
            overlapping.writestr(f"archive/{name}", archive.read(f"archive/{name}"))
        alias = zipfile.ZipInfo("archive/data/1")
        for attribute in ("header_offset", "file_size", "compress_size", "CRC"):
            setattr(alias, attribute, getattr(overlapping.getinfo("archive/data/0"), attribute))
        overlapping.filelist.append(alias)
        overlapping.NameToInfo[alias.filename] = alias
    assert "more than the file has" in refusal(tmp_path / "o.pt", file.getvalue())


def test_what_is_not_a_checkpoint_is_said_plainly(tmp_path):
    path = tmp_path / "file.pt"
    unknown = "is not a checkpoint (neither a PyTorch file, a network pickle nor safetensors)"
    assert refusal(path, b"") == "is empty"
    assert refusal(path, b"\x89PNG\r\n\x1a\n" + bytes(100)) == unknown
    assert refusal(path, b"<html>not found</html>") == unknown
    assert refusal(path, b"version https://git-lfs.github.com/spec/v1\n") == unknown
    assert "no data.pkl" in refusal(path, torch_pickles.archive_bytes({"mimetype": b"x"}))
    assert "safetensors file is damaged" in refusal(path, struct.pack("<Q", 20) + b"{" + bytes(30))


def test_numbers_of_eight_bits_are_named(tmp_path):
    header = b'{"w": {"dtype": "F8_E4M3", "shape": [2], "data_offsets": [0, 2]}}'
    message = refusal(tmp_path / "a.safetensors", struct.pack("<Q", len(header)) + header + bytes(2))
    assert message.startswith("w has numbers of type F8_E4M3, which cannot be read")


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(CheckpointError, match=r"nothing\.pt: no such file$"):
        read_file(tmp_path / "nothing.pt")
    with pytest.raises(CheckpointError, match=r": is a folder, not a file$"):
        read_file(tmp_path)


def test_endless_data_are_refused():
    tree: list = []
    tree.append(tree)
    with pytest.raises(CheckpointError, match="over 64 deep"):
        torch_bridge.plain(tree)
    for _ in range(40):
        tree = [tree, tree] if len(tree) == 2 else [0, 1]
    with pytest.raises(CheckpointError, match="over 1000000 entries"):
        torch_bridge.plain(tree)


def safetensors_bytes(folder: Path) -> bytes:
    path = folder / "valid.safetensors"
    torch_bridge.write_safetensors(path, ARRAYS, {"config": "{}"})
    return path.read_bytes()


def read_or_refuse(path: Path, data: bytes) -> None:
    """Read everything in the file; a refusal is fine, any other exception is not."""
    path.write_bytes(data)
    with contextlib.suppress(CheckpointError):
        tree = read_file(path).tree
        if isinstance(tree, dict) and "G_ema" in tree:
            torch_bridge.persistent_network(tree)
        else:
            torch_bridge.find_state_dict(tree)


@pytest.mark.parametrize("kind", [*VALID, "safetensors"])
def test_every_truncation_is_noticed(tmp_path, kind):
    data = VALID[kind] if kind in VALID else safetensors_bytes(tmp_path)
    for length in range(0, len(data) - 1, max(1, len(data) // 200)):
        assert refusal(tmp_path / "cut.pt", data[:length])


@pytest.mark.filterwarnings(
    "ignore:invalid escape sequence"
)  # in text instructions, which no checkpoint uses
@pytest.mark.parametrize("kind", [*VALID, "safetensors"])
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=6
    )
)
@example(changes=[(0.0, 0)])
def test_corruption_never_crashes(tmp_path, kind, changes):
    data = bytearray(VALID[kind] if kind in VALID else safetensors_bytes(tmp_path))
    for place, value in changes:
        data[int(place * len(data))] = value
    read_or_refuse(tmp_path / "corrupt.pt", bytes(data))


@pytest.mark.filterwarnings("ignore:invalid escape sequence")
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=60), head=st.sampled_from([b"", b"\x80\x02", b"\x80\x04", b"PK\x03\x04"]))
def test_noise_never_crashes(tmp_path, body, head):
    read_or_refuse(tmp_path / "noise.pt", head + body)
