"""safetensors files whose headers lie, and settings in them that nobody could build."""

import json
import math
import struct
from typing import Any

import numpy as np

from eg3d_flax import GeneratorConfig
from tests.support.hostile.case import Case, file


def safetensors(header: Any, numbers: bytes = b"", length: int | None = None) -> bytes:
    """A file with this header, be it right or wrong."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + numbers


def _entry(shape: list[int], offsets: list[int], dtype: str = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


_DAMAGED: dict[str, bytes] = {
    "length of 2^60": safetensors({}, length=2**60),
    "length of 100 MB": safetensors({}, length=10**8),
    "length beyond the file": safetensors({}, length=50),
    "no length": b"\x02\x00",
    "not json": safetensors(b"{nothing"),
    "nested deep": safetensors(b'{"__metadata__":' + b'{"a":' * 5000 + b"1" + b"}" * 5001),
    "a list": safetensors(b"{[]}"),
    "unknown dtype": safetensors({"w": _entry([2], [0, 8], "X9")}, bytes(8)),
    "beyond the end": safetensors({"w": _entry([200], [0, 800])}, bytes(8)),
    "negative": safetensors({"w": _entry([2], [-8, 8])}, bytes(8)),
    "overlapping": safetensors({"v": _entry([2], [0, 8]), "w": _entry([2], [0, 8])}, bytes(8)),
    "of another size": safetensors({"w": _entry([3], [0, 8])}, bytes(8)),
    "a huge shape": safetensors({"w": _entry([2**40, 2**40], [0, 8])}, bytes(8)),
    "nothing of a huge side": safetensors({"w": _entry([0, 2**62], [0, 0])}),
    "a hole": safetensors({"w": _entry([2], [8, 16])}, bytes(16)),
    "metadata of numbers": safetensors({"__metadata__": {"config": 3}}),
    "nothing in it": safetensors({}),
    "bfloat16": safetensors({"w": _entry([2], [0, 4], "BF16")}, bytes(4)),
    "float8": safetensors({"w": _entry([2], [0, 2], "F8_E4M3")}, bytes(2)),
}

_SETTINGS: dict[str, Any] = GeneratorConfig.small().to_json()
_NO_SETTINGS: dict[str, dict[str, Any]] = {
    "a billion layers": {"num_layers": 10**9},
    "channels of 10^9": {"channel_max": 10**9, "channel_base": 10**12},
    "z of 10^12": {"z_dim": 10**12},
    "w of 10^12": {"w_dim": 10**12},
    "c of 10^12": {"c_dim": 10**12},
    "planes of 2^40": {"plane_resolution": 2**40},
    "plane channels of 10^9": {"plane_channels": 10**9},
    "decoder of 10^9": {"decoder_hidden_dim": 10**9},
    "image of 2^30": {"sr_input_resolution": 2**29, "img_resolution": 2**30},
    "samples of 10^9": {"depth_resolution": 10**9},
    "rays of 10^9": {"neural_rendering_resolution": 10**9},
    "super-resolution of 10^9": {"sr_channels": [10**9, 10**9]},
    "negative": {"z_dim": -5},
    "zero": {"w_dim": 0},
    "a fraction": {"num_layers": 2.5},
    "true": {"num_layers": True},
    "a text": {"plane_resolution": "64"},
    "null": {"plane_resolution": None},
    "a list": {"channel_max": [64]},
    "an object": {"depth_resolution": {"a": 1}},
    "nan": {"box_warp": math.nan},
    "infinity": {"ray_start": math.inf},
    "a pivot of two": {"avg_camera_pivot": [0, 0]},
    "a pivot of texts": {"avg_camera_pivot": ["a", "b", "c"]},
    "no channels at the finest side": {"channel_base": 4},
    "no box": {"box_warp": 0.0},
    "rays that end before they start": {"ray_start": 3.3, "ray_end": 2.25},
    "a decoder without weights": {"decoder_lr_mul": 0},
    "a negative clamp": {"conv_clamp": -1},
    "an unknown module": {"superresolution_module": "64X"},
    "an unhashable module": {"superresolution_module": ["2X"]},
    "an unknown setting": {"__class__": "x"},
    "right, without weights": {},
}


def _configured(config: Any, architecture: str = "eg3d") -> bytes:
    text = config if isinstance(config, str) else json.dumps(config)
    return safetensors(
        {"__metadata__": {"architecture": architecture, "config": text}, "w": _entry([2], [0, 8])}, bytes(8)
    )


_CONFIGS: dict[str, bytes] = {
    **{name: _configured(_SETTINGS | changes) for name, changes in _NO_SETTINGS.items()},
    "not json": _configured("{"),
    "no object": _configured("[1]"),
    "nested deep": _configured("[" * 20_000),
    "another architecture": _configured(_SETTINGS, "resnet"),
    "digits without end": _configured('{"z_dim": ' + "9" * 10_000 + "}"),
}
_ARCFACE: dict[str, Any] = {"units": [1, 1], "channels": [8, 8], "input_size": 16}
_OTHER_NETWORKS: dict[str, bytes] = {
    "arcface of 10^9 units": _configured(_ARCFACE | {"units": [10**9, 1]}, "arcface"),
    "arcface of 10^9 channels": _configured(_ARCFACE | {"channels": [10**9, 8]}, "arcface"),
    "arcface of no lists": _configured(_ARCFACE | {"units": 3}, "arcface"),
    "arcface of unknown settings": _configured({"size": 3}, "arcface"),
    "arcface of nothing": _configured("null", "arcface"),
    "arcface squeezed to nothing": _configured(
        _ARCFACE | {"channels": [32, 8], "squeeze_excite": True}, "arcface"
    ),
    "goae without coarse latents": _configured({"swin": {}, "coarse": 0}, "goae"),
    "goae of three heads": _configured({"swin": {}, "attention_heads": 3}, "goae"),
    "goae of 10^9 blocks": _configured({"swin": {"depths": [10**9, 1, 1, 1]}}, "goae"),
    "goae of windows of 10^6": _configured({"swin": {"window_size": 10**6}}, "goae"),
    "goae without swin": _configured({"w_dim": 8}, "goae"),
    "goae with 10^9 heads": _configured({"swin": {}, "attention_heads": 10**9}, "goae"),
    "goae of a text": _configured({"swin": {"depths": "2222"}}, "goae"),
    "lpips of another net": safetensors(
        {"__metadata__": {"architecture": "lpips", "net": "resnet"}, "w": _entry([2], [0, 8])}, bytes(8)
    ),
    "inception of two numbers": safetensors(
        {"__metadata__": {"architecture": "inception"}, "w": _entry([2], [0, 8])}, bytes(8)
    ),
}
_NAN = np.full(2, np.nan, "<f4").tobytes()

HEADERS = [
    *(
        Case(
            f"safetensors, {name}", ("convert", "in.safetensors", "--check"), file("in.safetensors", content)
        )
        for name, content in {**_DAMAGED, **_OTHER_NETWORKS}.items()
    ),
    *(
        Case(
            f"settings, {name}",
            ("render", "--model", "in.safetensors", "--out", "out"),
            file("in.safetensors", content),
        )
        for name, content in _CONFIGS.items()
    ),
    Case(
        "safetensors, not a number as latents",
        ("render", "--latents", "in.safetensors", "--out", "out"),
        file("in.safetensors", safetensors({"ws": _entry([2], [0, 8])}, _NAN)),
    ),
]
