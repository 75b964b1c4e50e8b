"""Files of face detectors."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from tests.support.hostile.case import Case, harm
from tests.support.hostile.checkpoints import FILES, _patched


def _zip(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return made.getvalue()


def _nets(content: bytes, ending: str = "npy", folder: str = "") -> dict[str, bytes]:
    return {f"{folder}{net}.{ending}": content for net in ("pnet", "rnet", "onet")}


_WHOLE = _zip(_nets(bytes(1000)))
_FILES: dict[str, bytes] = {
    "empty": b"",
    "text": b"detector",
    "noise": FILES["noise"],
    "a zip of nothing": _zip({}),
    "a zip of one": _zip({"pnet.npy": b""}),
    "empty members": _zip(_nets(b"")),
    "members of zeros": _WHOLE,
    "members that do harm": _zip(_nets(harm())),
    "PyTorch members that do harm": _zip(_nets(harm(), "pt")),
    "joblib members that do harm": _zip(_nets(harm(), "lz4")),
    "safetensors members": _zip(_nets(b"\x10\x00\x00\x00\x00\x00\x00\x00{}", "safetensors")),
    "numpy objects": _zip(_nets(FILES["numpy objects"])),
    "paths out": _zip(_nets(bytes(10), folder="../../../")),
    "bombs": _zip(_nets(bytes(100_000_000))),
    "claims of 4 GB": _patched(_WHOLE, 24, b"\xf0\xff\xff\xff"),
    "encrypted": _patched(_patched(_WHOLE, 8, b"\x01\x00"), 6, b"\x01\x00", b"PK\x03\x04"),
    "unknown compression": _patched(_patched(_WHOLE, 10, b"\x63\x00"), 8, b"\x63\x00", b"PK\x03\x04"),
    "cut short": _WHOLE[:-40],
    "damaged": _WHOLE[:45] + b"\xff" * 30 + _WHOLE[75:],
    "names that move the cursor": _zip({"\x1b[2J\npnet.npy": b""}),
    "a PyTorch file": FILES["a scalar of other names"],
}


def _beside_a_photo(write: Callable[[Path], object]) -> Callable[[Path], None]:
    def prepare(folder: Path) -> None:
        rng = np.random.default_rng(0)
        Image.fromarray(rng.integers(0, 256, (64, 64, 3), np.uint8)).save(folder / "x.png")
        write(folder)

    return prepare


def _folder(files: dict[str, bytes]) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / "in").mkdir()
        for name, content in files.items():
            (folder / "in" / name).write_bytes(content)

    return write


DETECTORS = [
    *(
        Case(
            f"detector: {name}",
            ("align", "x.png", "--detector", "in.zip", "--out", "out"),
            _beside_a_photo(lambda folder, content=content: (folder / "in.zip").write_bytes(content)),
        )
        for name, content in _FILES.items()
    ),
    *(
        Case(
            f"detector, a folder: {name}",
            ("align", "x.png", "--detector", "in", "--out", "out"),
            _beside_a_photo(_folder(files)),
        )
        for name, files in {
            "empty": {},
            "empty files": _nets(b""),
            "files that do harm": _nets(harm(), "lz4"),
            "strays": {".DS_Store": b"", "Thumbs.db": b""},
        }.items()
    ),
]
