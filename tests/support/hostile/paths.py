"""Pipes, devices, sockets, folders and links where a file is expected, and names that nobody would choose."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from tests.support.hostile.case import Case


def _socket(folder: Path) -> None:
    before = Path.cwd()
    os.chdir(folder)  # names of sockets are short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind("in")
    finally:
        os.chdir(before)


_KINDS: dict[str, Callable[[Path], object]] = {
    "nothing": lambda folder: None,
    "a pipe": lambda folder: os.mkfifo(folder / "in"),
    "a folder": lambda folder: (folder / "in").mkdir(),
    "a device without end": lambda folder: (folder / "in").symlink_to("/dev/zero"),
    "a device of noise": lambda folder: (folder / "in").symlink_to("/dev/urandom"),
    "a link to itself": lambda folder: (folder / "in").symlink_to("in"),
    "a link to nothing": lambda folder: (folder / "in").symlink_to("nowhere"),
    "a socket": _socket,
}
_COMMANDS: dict[str, Callable[[str], tuple[str, ...]]] = {
    "convert": lambda name: ("convert", name, "--check"),
    "model": lambda name: ("render", "--model", name, "--out", "out"),
    "latents": lambda name: ("render", "--latents", name, "--out", "out"),
    "people": lambda name: ("unlearn", "--latents", name, "--out", "out"),
    "judge": lambda name: ("unlearn", "--seed", "0", "--judge", name, "--out", "out"),
    "w_avg": lambda name: ("unlearn", "--seed", "0", "--w-avg", name, "--out", "out"),
    "requests": lambda name: ("unlearn", "--sequence", name, "--out", "out"),
    "bench": lambda name: ("bench", "--compare", name, "--out", "out"),
    "landmarks": lambda name: ("align", "x.png", "--landmarks", name, "--out", "out"),
    "detector": lambda name: ("align", "x.png", "--detector", name, "--out", "out"),
    "config": lambda name: ("unlearn", "--seed", "0", "--config", name, "--out", "out"),
    "run": lambda name: ("render", name),
    "photo": lambda name: ("unlearn", "--image", name, "--out", "out"),
    "table": lambda name: ("unlearn", "--image", f"{name}.csv", "--out", "out"),
}
_SOME = ("nothing", "a pipe", "a folder", "a device without end")
_ALL = ("convert", "latents", "landmarks", "requests")


def _prepared(kind: str, command: str) -> Callable[[Path], None]:
    def prepare(folder: Path) -> None:
        rng = np.random.default_rng(0)
        Image.fromarray(rng.integers(0, 256, (64, 64, 3), np.uint8)).save(folder / "x.png")
        _KINDS[kind](folder)
        if command == "table" and os.path.lexists(folder / "in"):
            (folder / "in").rename(folder / "in.csv")

    return prepare


_NAMES: dict[str, str] = {
    "a line break": "a\nb.npz",
    "colours": "\x1b[31mred.npz",
    "a title": "\x1b]0;x\x07.npz",
    "right to left": "a\u202egnp.npz",
    "a line separator": "a\u2028b.npz",
    "not utf-8": os.fsdecode(b"\xff\xfe.npz"),
    "too long": "a" * 5000 + ".npz",
    "a bucket": "gs://bucket/ws.npz",
    "a null device": "/dev/null",
    "a percent": "%s%n.npz",
    "braces": "{0}{name}.npz",
}

PATHS = [
    *(
        Case(f"{command}: {kind}", arguments("in"), _prepared(kind, command))
        for command, arguments in _COMMANDS.items()
        for kind in (_KINDS if command in _ALL else _SOME)
    ),
    *(
        Case(f"a name with {name}", ("render", "--latents", text, "--out", "out"))
        for name, text in _NAMES.items()
    ),
    *(
        Case(f"an argument with {name}", ("render", "--seeds", text, "--out", "out"))
        for name, text in _NAMES.items()
    ),
]
