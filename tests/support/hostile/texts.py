"""JSON, TOML and other texts: landmarks, requests, results of bench, configs, tables."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tests.support.hostile.case import Case, file

_JSON: dict[str, bytes] = {
    "empty": b"",
    "cut short": b'{"a": [1, 2',
    "deep lists": b"[" * 100_000,
    "deep objects": b'{"a":' * 100_000,
    "deep and closed": b"[" * 900 + b"]" * 900,
    "not utf-8": b'{"a": "\xff\xfe"}',
    "utf-16": '{"a": 1}'.encode("utf-16"),
    "a number": b"7",
    "a text": b'"x"',
    "null": b"null",
    "digits": b"9" * 10_000,
    "many digits": b'{"requests": [{"seeds": [' + b"9" * 4000 + b"]}]}",
    "a list": b"[]",
    "an empty object": b"{}",
    "zeros": bytes(1000),
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(100),
    "nan": b"NaN",
    "too large": b"[" + b"1," * 9_000_000 + b"1]",
    "lists in lists": b"[" + b"[]," * 2_000_000 + b"[]]",
    "many lists": b"[" + b"[]," * 900_000 + b"[]]",
    "with comments": b"// requests\n{}",
}


def _requests(requests: Any) -> bytes:
    return json.dumps({"requests": requests}).encode()


_REQUESTS: dict[str, bytes] = {
    "no requests": _requests([]),
    "requests of a text": _requests("all"),
    "a request of a number": _requests([3]),
    "nobody": _requests([{"name": "a"}]),
    "an unknown key": _requests([{"seed": [1]}]),
    "a key that moves the cursor": _requests([{"\x1b[2J\n": [1]}]),
    "a path as name": _requests([{"name": "../../up", "seeds": [1]}]),
    "a name of a dot": _requests([{"name": "..", "seeds": [1]}]),
    "a name of a null": _requests([{"name": "a\x00b", "seeds": [1]}]),
    "a name without end": _requests([{"name": "a" * 5000, "seeds": [1]}]),
    "a name of numbers": _requests([{"name": 3, "seeds": [1]}]),
    "seeds of texts": _requests([{"seeds": ["1"]}]),
    "seeds of truth": _requests([{"seeds": [True]}]),
    "seeds of fractions": _requests([{"seeds": [1.5]}]),
    "negative seeds": _requests([{"seeds": [-1]}]),
    "seeds of 2^70": _requests([{"seeds": [2**70]}]),
    "seeds no list": _requests([{"seeds": 5}]),
    "the same twice": _requests([{"seeds": [1]}, {"seeds": [1]}]),
    "files that are not there": _requests([{"latents": ["no.npz"]}]),
    "a folder as a file": _requests([{"latents": ["."]}]),
    "deep members": b'{"requests": [{"seeds": ' + b"[" * 300 + b"]" * 300 + b"}]}",
}
_TOML: dict[str, bytes] = {
    "deep": b"a = " + b"[" * 50_000,
    "deep tables": b"a = " + b"{b = " * 5_000,
    "deep keys": b".".join([b"a"] * 2_000) + b" = 1",
    "json": b'{"requests": []}',
    "not utf-8": b'a = "\xff"',
    "cut short": b"[[requests",
    "of dates": b"[[requests]]\nseeds = [1979-05-27]",
    "twice": b"a = 1\na = 2",
    "empty": b"",
}


def _bench(**changes: Any) -> bytes:
    return json.dumps(
        {"format": "jaxunlearn bench 1", "cases": [{"name": "a", "case": {}, **changes}]}
    ).encode()


_RESULTS: dict[str, bytes] = {
    "another format": b'{"format": 7}',
    "no cases": b'{"format": "jaxunlearn bench 1"}',
    "cases of a number": b'{"format": "jaxunlearn bench 1", "cases": 3}',
    "a case of a number": b'{"format": "jaxunlearn bench 1", "cases": [3]}',
    "a case without figures": _bench(),
    "an error of a number": _bench(error=3),
    "seconds of a text": _bench(device="cpu", devices=1, jax="1", step_seconds="fast"),
}
_TABLES: dict[str, bytes] = {
    "empty": b"",
    "zeros": bytes(100),
    "no columns": b"a,b\n1,2\n",
    "columns only": b"image,identity\n",
    "no such pictures": b"image,identity\nno.png,ada\n",
    "a field of 200 KB": b"image,identity\n" + b"x" * 200_000 + b",ada\n",
    "a quote without end": b'image,identity\n"x.png,ada\n',
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(100),
    "names that move the cursor": b"image,identity\n\x1b[2J.png,\x1b]0;x\x07\n",
}
_CONFIGS: dict[str, bytes] = {
    "empty": b"",
    "no python": b"steps: 3\n",
    "no get_config": b"x = 3\n",
    "raises": b"def get_config():\n    raise RuntimeError('no')\n",
    "returns nothing": b"def get_config():\n    return None\n",
    "exits": b"raise SystemExit(0)\n",
    "not utf-8": b"\xff\xfe",
    "zeros": bytes(100),
    "deep": b"x = " + b"(" * 5000,
}


def _landmarks(content: bytes) -> Callable[[Path], None]:
    def prepare(folder: Path) -> None:
        rng = np.random.default_rng(0)
        Image.fromarray(rng.integers(0, 256, (200, 200, 3), np.uint8)).save(folder / "x.png")
        (folder / "in.json").write_bytes(content)

    return prepare


def _entry(value: str) -> bytes:
    return f'{{"x.png": {value}}}'.encode()


_ENTRIES: dict[str, bytes] = {
    "nan": _entry("[[NaN, 1], [2, 3], [4, 5], [6, 7], [8, 9]]"),
    "infinity": _entry("[[1, -Infinity], [2, 3], [4, 5], [6, 7], [8, 9]]"),
    "huge": _entry("[[1, 1e300], [2, 3], [4, 5], [6, 7], [8, 9]]"),
    "digits": _entry("[[1, " + "9" * 4000 + "], [2, 3], [4, 5], [6, 7], [8, 9]]"),
    "large": _entry("[[1, 1], [99999, 1], [50000, 50000], [1, 99999], [99999, 99999]]"),
    "one point": _entry("[[9, 9], [9, 9], [9, 9], [9, 9], [9, 9]]"),
    "one line": _entry("[[1, 1], [2, 1], [3, 1], [4, 1], [5, 1]]"),
    "far away": _entry("[[5001, 5001], [5050, 5001], [5025, 5025], [5001, 5050], [5050, 5050]]"),
    "texts": _entry('[["a", "b"], ["a", "b"], ["a", "b"], ["a", "b"], ["a", "b"]]'),
    "a text": _entry('"there"'),
    "null": _entry("null"),
    "an object": _entry('{"points": {"points": 1}}'),
    "six points": _entry("[[1, 1], [2, 1], [3, 1], [4, 1], [5, 1], [6, 6]]"),
    "no faces": _entry("[]"),
    "lists of other lengths": _entry("[[1], [2, 3]]"),
    "other names": b'{"y.png": [[1, 1], [2, 1], [3, 3], [4, 1], [5, 1]]}',
}

TEXTS = [
    *(
        Case(
            f"landmarks: {name}",
            ("align", "x.png", "--landmarks", "in.json", "--out", "out"),
            _landmarks(content),
        )
        for name, content in {**_JSON, **_ENTRIES}.items()
    ),
    *(
        Case(
            f"requests: {name}",
            ("unlearn", "--sequence", "in.json", "--out", "out"),
            file("in.json", content),
        )
        for name, content in {**_JSON, **_REQUESTS}.items()
    ),
    *(
        Case(f"toml: {name}", ("unlearn", "--sequence", "in.toml", "--out", "out"), file("in.toml", content))
        for name, content in _TOML.items()
    ),
    *(
        Case(f"bench: {name}", ("bench", "--compare", "in.json", "--out", "out"), file("in.json", content))
        for name, content in {**_JSON, **_RESULTS}.items()
    ),
    *(
        Case(f"table: {name}", ("unlearn", "--image", "in.csv", "--out", "out"), file("in.csv", content))
        for name, content in _TABLES.items()
    ),
    *(
        Case(
            f"config: {name}",
            ("unlearn", "--seed", "0", "--config", "in.py", "--out", "out"),
            file("in.py", content),
        )
        for name, content in _CONFIGS.items()
    ),
]
