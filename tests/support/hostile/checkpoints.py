"""Pickles, PyTorch's files and what is taken for them."""

import gzip
import io
import pickle
import struct
import tarfile
import zipfile
from collections.abc import Callable

import numpy as np

from tests.support.hostile.case import Case, file, harm
from tests.support.torch_pickles import MAGIC

_PROTOCOL, _SYSTEM = 1001, {"little_endian": True}


def _zip(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return made.getvalue()


def _patched(data: bytes, field: int, value: bytes, of: bytes = b"PK\x01\x02") -> bytes:
    """A zip whose central entries say something else."""
    changed, at = bytearray(data), data.find(of)
    while at >= 0:
        changed[at + field : at + field + len(value)] = value
        at = data.find(of, at + 4)
    return bytes(changed)


def _tensor(count: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> bytes:
    """A pickle as in a PyTorch archive: a dict of one tensor."""

    def number(value: int) -> bytes:
        return pickle.LONG1 + bytes([9]) + value.to_bytes(9, "little", signed=True)

    def numbers(values: tuple[int, ...]) -> bytes:
        return b"(" + b"".join(map(number, values)) + b"t"

    storage = (
        b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpu"
        + number(count)
        + b"tQ"
    )
    return (
        b"\x80\x02}X\x01\x00\x00\x00wctorch._utils\n_rebuild_tensor_v2\n("
        + storage
        + number(0)
        + numbers(shape)
        + numbers(strides)
        + b"\x89}tRs."
    )


def _laughs() -> bytes:
    """A list of lists that hold each other twice, sixty deep: 2^60 leaves in 300 bytes."""
    doubled = b"".join(
        b"(" + b"h" + bytes([k]) + b"h" + bytes([k]) + b"lq" + bytes([k + 1]) for k in range(60)
    )
    return b"\x80\x02]q\x00" + doubled + b"."


def _legacy(*parts: object, rest: bytes = b"") -> bytes:
    return b"".join(pickle.dumps(part, 2) for part in (MAGIC, _PROTOCOL, _SYSTEM, *parts)) + rest


_GOOD = _zip({"archive/data.pkl": _tensor(2, (2,), (1,)), "archive/data/0": bytes(8)})
_BOMB = _zip(
    {"archive/data.pkl": _tensor(10**8, (10**8,), (1,)), "archive/data/0": bytes(10**7)}, zipfile.ZIP_DEFLATED
)
_TAR = io.BytesIO()
with tarfile.open(fileobj=_TAR, mode="w") as _archive:
    _info = tarfile.TarInfo("../../etc/passwd")
    _archive.addfile(_info, io.BytesIO())
_OBJECTS = io.BytesIO()
np.save(_OBJECTS, np.array([{"w": 1}, {"w": 2}]), allow_pickle=True)

FILES: dict[str, bytes] = {
    "empty": b"",
    "one byte": b"\x80",
    "noise": bytes(np.random.default_rng(0).integers(0, 256, 5000, np.uint8)),
    "zeros": bytes(5000),
    "text": b"these are not the weights\n",
    "html": b"<!doctype html><html><title>404</title></html>",
    "a git-lfs pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 375042383\n",
    "system": harm(),
    "system, protocol 0": b"cos\nsystem\n(S'touch canary'\ntR.",
    "posix.system": harm().replace(b"cos\n", b"cposix\n"),
    "eval": b"\x80\x02cbuiltins\neval\nX\x14\x00\x00\x00open('canary','w')  \x85R.",
    "getattr": b"\x80\x02cbuiltins\ngetattr\ncos\nX\x06\x00\x00\x00system\x86R.",
    "an instance": b"(S'touch canary'\nios\nsystem\n.",
    "an extension": b"\x80\x02\x82\x01.",
    "stack_global": b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x0ctouch canary\x85R.",
    "newobj": b"\x80\x02csubprocess\nPopen\nX\x0c\x00\x00\x00touch canary\x85\x81.",
    "build": b"\x80\x02ccollections\nOrderedDict\n)R}X\x0c\x00\x00\x00__setstate__cos\nsystem\nsb.",
    "cut short": pickle.dumps({"w": [1.0] * 1000})[:500],
    "no stop": b"\x80\x02}",
    "popped from nothing": b"\x80\x0200.",
    "deep": b"\x80\x02" + b"(" * 200_000 + b"l" * 200_000 + b".",
    "deep tuples": b"\x80\x02)" + b"\x85" * 200_000 + b".",
    "laughs": _laughs(),
    "itself": b"\x80\x02]q\x00h\x00a.",
    "a text of 10 GB": b"\x80\x04\x8d" + struct.pack("<Q", 10**10) + b"x.",
    "bytes of 2^63": b"\x80\x04\x8e" + struct.pack("<Q", 2**63) + b"x.",
    "a long of 2 GB": b"\x80\x02\x8b" + struct.pack("<i", 2**31 - 1) + b"x.",
    "a huge number": b"I" + b"9" * 100_000 + b"\n.",
    "a plain list": pickle.dumps([1, 2, 3]),
    "a dict of texts": pickle.dumps({"w": "x"}),
    "numpy objects": _OBJECTS.getvalue(),
    "a numpy dtype": b"\x80\x02cnumpy\ndtype\nX\x03\x00\x00\x00O99\x89\x88\x87R.",
    "a zip of nothing": _zip({}),
    "a zip of texts": _zip({"readme.txt": b"hello"}),
    "two pickles": _zip({"a/data.pkl": b"N.", "b/data.pkl": b"N."}),
    "system in an archive": _zip({"archive/data.pkl": harm()}),
    "an archive cut short": _GOOD[:-30],
    "an archive with damage": _GOOD[:60] + b"\xff" * 20 + _GOOD[80:],
    "an encrypted archive": _patched(_patched(_GOOD, 8, b"\x01\x00"), 6, b"\x01\x00", b"PK\x03\x04"),
    "an archive of unknown compression": _patched(_GOOD, 10, b"\x63\x00"),
    "an archive that claims 4 GB": _patched(
        _patched(_GOOD, 24, b"\xf0\xff\xff\xff"), 20, b"\xf0\xff\xff\xff"
    ),
    "an archive without its numbers": _zip({"archive/data.pkl": _tensor(2, (2,), (1,))}),
    "a bomb": _BOMB,
    "a tensor of 2^60": _zip({"archive/data.pkl": _tensor(2**60, (2**60,), (1,)), "archive/data/0": b""}),
    "a tensor spread out": _zip(
        {"archive/data.pkl": _tensor(1, (10**10,), (0,)), "archive/data/0": bytes(4)}
    ),
    "a tensor beyond": _zip({"archive/data.pkl": _tensor(2, (50,), (1,)), "archive/data/0": bytes(8)}),
    "a tensor turned around": _zip({"archive/data.pkl": _tensor(2, (2,), (-1,)), "archive/data/0": bytes(8)}),
    "a scalar of other names": _GOOD,
    "legacy cut short": _legacy()[:-5],
    "legacy of nothing": _legacy({}, []),
    "legacy with system": _legacy() + harm(),
    "legacy with other keys": _legacy({"w": 1}, ["0"], rest=struct.pack("<q", 10**12)),
    "legacy of another version": pickle.dumps(MAGIC, 2) + pickle.dumps(7, 2),
    "a tar": _TAR.getvalue(),
    "a gzip": gzip.compress(bytes(10**6)),
    "json": b'{"w": [1, 2]}',
    "an executable": b"\x7fELF\x02\x01\x01" + bytes(200),
    "hdf5": b"\x89HDF\r\n\x1a\n" + bytes(500),
}

_COMMANDS: dict[str, Callable[[str], tuple[str, ...]]] = {
    "convert": lambda name: ("convert", name, "--check"),
    "render": lambda name: ("render", "--model", name, "--out", "out"),
}
_OTHERS: dict[str, Callable[[str], tuple[str, ...]]] = {
    "latents": lambda name: ("render", "--latents", name, "--out", "out"),
    "judge": lambda name: ("unlearn", "--seed", "0", "--judge", name, "--out", "out"),
    "perceptual": lambda name: ("unlearn", "--seed", "0", "--perceptual", name, "--out", "out"),
    "encoder": lambda name: ("unlearn", "--image", "x.png", "--encoder", name, "--out", "out"),
    "w_avg": lambda name: ("unlearn", "--seed", "0", "--w-avg", name, "--out", "out"),
}
_FOR_OTHERS = ("empty", "noise", "system", "an archive cut short", "a scalar of other names", "a bomb")

CHECKPOINTS = [
    *(
        Case(f"checkpoint, {name}: {kind}", arguments("in.pt"), file("in.pt", content))
        for name, arguments in _COMMANDS.items()
        for kind, content in FILES.items()
        if name == "convert" or len(kind) % 3 == 0
    ),
    *(
        Case(f"checkpoint, {name}: {kind}", arguments("in.pt"), file("in.pt", FILES[kind]))
        for name, arguments in _OTHERS.items()
        for kind in _FOR_OTHERS
    ),
]
