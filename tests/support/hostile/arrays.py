"""Latents in .npy and .npz files whose headers lie, or that are damaged."""

import io
import json
import struct
import zipfile
from typing import Any

import numpy as np

from tests.support.hostile.case import Case, file, harm
from tests.support.hostile.checkpoints import _patched


def npy(header: str | bytes, numbers: bytes = b"", version: bytes = b"\x01\x00") -> bytes:
    """A .npy file with this header, be it right or wrong."""
    text = header.encode() if isinstance(header, str) else header
    packing = "<H" if version == b"\x01\x00" else "<I"
    return b"\x93NUMPY" + version + struct.pack(packing, len(text)) + text + numbers


def _header(shape: str, descr: str = "'<f4'", fortran: str = "False") -> str:
    return f"{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}\n"


def _saved(array: Any) -> bytes:
    made = io.BytesIO()
    np.save(made, np.asarray(array), allow_pickle=True)
    return made.getvalue()


def _npz(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return made.getvalue()


_WS = np.zeros((1, 128), np.float32)
_GOOD = _npz({"ws.npy": _saved(_WS)})

_NPY: dict[str, bytes] = {
    "empty": b"",
    "magic only": b"\x93NUMPY",
    "no magic": b"numpy",
    "an unknown version": npy(_header("(1, 128)"), bytes(512), b"\x09\x00"),
    "version 3": npy(_header("(1, 128)"), bytes(512), b"\x03\x00"),
    "a header cut short": npy(_header("(1, 128)"))[:30],
    "a header without end": b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**31) + b"{",
    "10 GB": npy(_header("(2500000000,)"), bytes(512)),
    "2^80": npy(_header("(1099511627776, 1099511627776)"), bytes(512)),
    "2^64 of nothing": npy(_header("(18446744073709551616, 0)")),
    "a negative side": npy(_header("(-1, 128)"), bytes(512)),
    "a side of a fraction": npy(_header("(1.5, 128)"), bytes(512)),
    "a shape of texts": npy(_header("('a',)"), bytes(512)),
    "a shape that is none": npy(_header("7"), bytes(512)),
    "cut short": npy(_header("(1, 128)"), bytes(500)),
    "code in the header": npy(_header("__import__('os').system('touch canary')"), bytes(512)),
    "brackets": npy("(" * 9000, bytes(512)),
    "not a dict": npy("[1, 2]", bytes(512)),
    "other keys": npy("{'a': 1}", bytes(512)),
    "zeros in the header": npy(bytes(100), bytes(512)),
    "objects": _saved(np.array([{"a": 1}, None], object)),
    "objects that do harm": npy(_header("(1,)", "'|O'"), harm()),
    "records": _saved(np.zeros(3, [("x", "<f4"), ("y", "O")])),
    "records of numbers": _saved(np.zeros(3, [("x", "<f4")])),
    "texts": _saved(np.array(["a", "b"])),
    "bytes": _saved(np.array([b"a", b"b"])),
    "dates": _saved(np.zeros(128, "datetime64[s]")),
    "complex numbers": _saved(np.zeros(128, np.complex64)),
    "truth values": _saved(np.zeros(128, bool)),
    "void": npy(_header("(9,)", "'|V0'")),
    "texts of no length": npy(_header("(9999999999,)", "'<U0'")),
    "an unknown dtype": npy(_header("(1, 128)", "'<q99'"), bytes(512)),
    "a scalar": _saved(np.float32(3)),
    "nobody": _saved(np.zeros((0, 128), np.float32)),
    "other sizes": _saved(np.zeros((1, 127), np.float32)),
    "not a number": _saved(np.full((1, 1, 128), np.nan, np.float32)),
    "infinity": _saved(np.full((1, 1, 128), np.inf, np.float32)),
    "beyond float32": _saved(np.full((1, 1, 128), 1e300)),
}

_NPZ: dict[str, bytes] = {
    "cut short": _GOOD[:-20],
    "damaged": _GOOD[:150] + b"\xff" * 40 + _GOOD[190:],
    "encrypted": _patched(_patched(_GOOD, 8, b"\x01\x00"), 6, b"\x01\x00", b"PK\x03\x04"),
    "unknown compression": _patched(_patched(_GOOD, 10, b"\x63\x00"), 8, b"\x63\x00", b"PK\x03\x04"),
    "nothing": _npz({}),
    "no arrays": _npz({"readme.txt": b"hello"}),
    "two arrays": _npz({"a.npy": _saved(_WS), "b.npy": _saved(_WS)}),
    "objects": _npz({"ws.npy": _saved(np.array([None]))}),
    "an empty array": _npz({"ws.npy": b""}),
    "a claim of 10 GB": _npz({"ws.npy": npy(_header("(2500000000,)"), bytes(512))}),
    "a claim of 4 GB in the directory": _patched(_GOOD, 24, b"\xf0\xff\xff\xff"),
    "a bomb": _npz({"ws.npy": npy(_header("(75000000,)"), bytes(300_000_000))}, zipfile.ZIP_DEFLATED),
    "a bomb of another name": _npz(
        {"ws.npy": _saved(_WS), "x.npy": npy(_header("(75000000,)"), bytes(300_000_000))},
        zipfile.ZIP_DEFLATED,
    ),
    "many arrays": _npz({f"{k}.npy": b"" for k in range(3000)}),
    "a path out": _npz({"../../ws.npy": _saved(_WS), "b.npy": _saved(_WS)}),
    "names of objects": _npz({"ws.npy": _saved(_WS), "names.npy": _saved(np.array([None]))}),
    "texts as latents": _npz({"ws.npy": _saved(np.array(["a"]))}),
    "json": json.dumps({"ws": [1]}).encode(),
}
_ODD_NAMES = _npz(
    {"ws.npy": _saved(np.zeros((1, 10, 128), np.float32)), "names.npy": _saved(np.array(["\x1b[2J\n"]))}
)

ARRAYS = [
    *(
        Case(
            f"latents, npy: {name}",
            ("render", "--latents", "in.npy", "--out", "out"),
            file("in.npy", content),
        )
        for name, content in _NPY.items()
    ),
    *(
        Case(
            f"latents, npz: {name}",
            ("render", "--latents", "in.npz", "--out", "out"),
            file("in.npz", content),
        )
        for name, content in _NPZ.items()
    ),
    *(
        Case(
            f"people, npz: {name}",
            ("unlearn", "--latents", "in.npz", "--out", "out"),
            file("in.npz", _NPZ[name]),
        )
        for name in ("encrypted", "a bomb", "names of objects", "objects")
    ),
    Case(
        "people, a name that moves the cursor",
        ("unlearn", "--latents", "in.npz", "--out", "out", "--config.steps=nothing"),
        file("in.npz", _ODD_NAMES),
    ),
]
