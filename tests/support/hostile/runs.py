"""Folders of runs, work lists and sequences that were damaged."""

import functools
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from jaxunlearn.methods.guide import presets
from jaxunlearn.models.generator import fingerprint_with_settings, load_generator, save_generator
from jaxunlearn.training.storage.request import Request, request_json
from tests.support.hostile.case import Case, file, harm

_MODEL = "random"


@functools.cache
def _fingerprint() -> str:
    return fingerprint_with_settings(load_generator(_MODEL))


def _run_json() -> dict[str, Any]:
    return request_json(Request(_MODEL, _fingerprint(), ("seed 0",), "LPIPS AlexNet", "heads-loss", ""))


@functools.cache
def _files() -> dict[str, bytes]:
    """The folder of a finished run: name → content."""
    with tempfile.TemporaryDirectory() as folder:
        generator, made = load_generator(_MODEL), Path(folder)
        save_generator(generator, made / "generator.safetensors", {})
        ws = np.ones((1, generator.config.num_ws, generator.config.w_dim), np.float32)
        np.savez(made / "latents.npz", ws=ws, ws_target=ws)
        return {
            "run.json": json.dumps(_run_json()).encode(),
            "config.json": json.dumps(presets.heads().to_dict()).encode(),
            "latents.npz": (made / "latents.npz").read_bytes(),
            "generator/0000.safetensors": (made / "generator.safetensors").read_bytes(),
        }


def _run(folder: Path) -> None:
    for name, content in _files().items():
        file(f"in/{name}", content)(folder)


def _damaged(name: str, content: bytes | Callable[[Path], bytes] | None) -> Callable[[Path], None]:
    """A run in which one file is another, or missing."""

    def prepare(folder: Path) -> None:
        _run(folder)
        path = folder / "in" / name
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_bytes(content if isinstance(content, bytes) else content(path))

    return prepare


def _changed(**changes: Any) -> Callable[[Path], bytes]:
    return lambda _: json.dumps(_run_json() | changes).encode()


def _without(field: str) -> Callable[[Path], bytes]:
    return lambda _: json.dumps({k: v for k, v in _run_json().items() if k != field}).encode()


def _arrays(**arrays: Any) -> Callable[[Path], bytes]:
    def content(path: Path) -> bytes:
        np.savez(path, **arrays)
        return path.read_bytes()

    return content


_BROKEN: dict[str, bytes] = {
    "empty": b"",
    "cut short": b'{"format": 2, "mod',
    "a list": b"[]",
    "null": b"null",
    "deep": b"[" * 100_000,
    "not utf-8": b"\xff\xfe",
    "zeros": bytes(500),
}
_RUN_FILES: dict[str, tuple[str, Any]] = {
    **{f"run.json, {name}": ("run.json", content) for name, content in _BROKEN.items()},
    **{
        f"run.json, {field} missing": ("run.json", _without(field))
        for field in ("format", "model", "fingerprint", "subjects", "photos_sha256")
    },
    "run.json, another format": ("run.json", _changed(format=99)),
    "run.json, a format of a text": ("run.json", _changed(format="1")),
    "run.json, subjects of a text": ("run.json", _changed(subjects="ada")),
    "run.json, subjects of numbers": ("run.json", _changed(subjects=[1, 2])),
    "run.json, other people": ("run.json", _changed(subjects=["a", "b"])),
    "run.json, a model of a number": ("run.json", _changed(model=7)),
    "run.json, a model that is not there": ("run.json", _changed(model="\x1b[2J\n")),
    "run.json, missing": ("run.json", None),
    **{f"config.json, {name}": ("config.json", content) for name, content in _BROKEN.items()},
    "config.json, missing": ("config.json", None),
    "config.json, nothing in it": ("config.json", b"{}"),
    "config.json, other types": ("config.json", b'{"method": ["guide"]}'),
    **{f"latents.npz, {name}": ("latents.npz", content) for name, content in _BROKEN.items()},
    "latents.npz, missing": ("latents.npz", None),
    "latents.npz, nothing in it": ("latents.npz", _arrays()),
    "latents.npz, objects": ("latents.npz", _arrays(ws=np.array([None]), ws_target=np.array([None]))),
    "latents.npz, other people": ("latents.npz", _arrays(ws=np.ones((2, 3, 4), np.float32))),
    "latents.npz, not a number": ("latents.npz", _arrays(ws=np.full((1, 10, 64), np.nan, np.float32))),
    "latents.npz, that does harm": ("latents.npz", harm()),
    "generator, missing": ("generator/0000.safetensors", None),
    "generator, empty": ("generator/0000.safetensors", b""),
    "generator, that does harm": ("generator/0000.safetensors", harm()),
    "summary.json, a list": ("summary.json", b"[]"),
    "summary.json, cut short": ("summary.json", b'{"steps": 3, "st'),
    "summary.json, people of a text": ("summary.json", b'{"people": "all"}'),
}


def _list_json(**changes: Any) -> bytes:
    begun = {"model": "x", "subjects": ["seed 0"], "config": {}, "source": _MODEL, "made_with": {}}
    begun |= {"photos_sha256": [], "adapters": [], "seeds": [], "network_files": {}}
    return json.dumps(begun | changes).encode()


_LIST = ("unlearn", "--seed", "0", "--parallel", "1", "--out", "in")


def _worklist(name: str, content: bytes) -> Callable[[Path], None]:
    """A folder in which a work list was begun, with one file that is another."""

    def prepare(folder: Path) -> None:
        file("in/worklist.json", _list_json())(folder)
        file(f"in/{name}", content)(folder)

    return prepare


_SEQUENCE = ("unlearn", "--sequence", "requests.json", "--out", "in")
_REGISTRY: dict[str, Any] = {"format": 1, "model": "heads", "fingerprint": "x", "requests": []}


def _sequence(content: bytes) -> Callable[[Path], None]:
    def prepare(folder: Path) -> None:
        file("requests.json", json.dumps({"requests": [{"seeds": [1]}]}))(folder)
        file("in/registry.json", content)(folder)

    return prepare


_REGISTRIES: dict[str, bytes] = {
    **_BROKEN,
    "another format": json.dumps(_REGISTRY | {"format": 7}).encode(),
    "another model": json.dumps(_REGISTRY).encode(),
    "requests of a text": json.dumps(_REGISTRY | {"requests": "all"}).encode(),
    "a request of a number": json.dumps(_REGISTRY | {"requests": [7]}).encode(),
    "a request without fields": json.dumps(_REGISTRY | {"requests": [{}]}).encode(),
    "no fingerprint": b'{"format": 1, "model": "x", "requests": []}',
}

RUNS = [
    *(
        Case(f"run: {name}", ("evaluate" if name.startswith("config") else "render", "in"), _damaged(*how))
        for name, how in _RUN_FILES.items()
    ),
    *(
        Case(f"work list: {name}", _LIST, _worklist("worklist.json", content))
        for name, content in {
            **_BROKEN,
            "subjects of numbers": _list_json(subjects=[1]),
            "another one": _list_json(subjects=["a"]),
            "no model": b'{"subjects": ["seed 0"], "config": {}}',
        }.items()
    ),
    *(Case(f"registry: {name}", _SEQUENCE, _sequence(content)) for name, content in _REGISTRIES.items()),
]
