"""Small colour profiles, and pictures encoded for them."""

import struct

import numpy as np

_TO_XYZ_D50 = np.array(
    [[0.51512, 0.29198, 0.15710], [0.24120, 0.69225, 0.06657], [-0.00105, 0.04189, 0.78407]]
)
"""Display P3's primaries, adapted to D50."""
_SRGB_TO_XYZ_D50 = np.array(
    [[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]]
)
_SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)


def _fixed(*numbers: float) -> bytes:
    return struct.pack(f">{len(numbers)}i", *(round(number * 65536) for number in numbers))


def _profile(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    tags = {b"wtpt": b"XYZ \0\0\0\0" + _fixed(0.9642, 1, 0.8249), **tags}
    place, table, data = 128 + 4 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, content in tags.items():
        table += name + struct.pack(">II", place + len(data), len(content))
        data += content + bytes(-len(content) % 4)
    head = bytearray(128)
    head[8:12] = b"\x04\x20\0\0"
    head[12:24] = b"mntr" + space + b"XYZ "
    head[36:40] = b"acsp"
    head[68:80] = _fixed(0.9642, 1, 0.8249)
    head[0:4] = struct.pack(">I", len(head) + len(table) + len(data))
    return bytes(head) + table + data


_CURVE = b"para\0\0\0\0\0\x03\0\0" + _fixed(*_SRGB_CURVE)
DISPLAY_P3 = _profile(
    b"RGB ",
    {
        **{
            name: b"XYZ \0\0\0\0" + _fixed(*column)
            for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), _TO_XYZ_D50.T, strict=True)
        },
        b"rTRC": _CURVE,
        b"gTRC": _CURVE,
        b"bTRC": _CURVE,
    },
)
"""As phones write it."""
GREY_GAMMA_18 = _profile(b"GRAY", {b"kTRC": b"para\0\0\0\0\0\0\0\0" + _fixed(1.8)})


_SRGB_TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
_ADOBE_TO_XYZ = np.array(
    [[0.57667, 0.18556, 0.18823], [0.29734, 0.62736, 0.07529], [0.02703, 0.07069, 0.99134]]
)


def adobe_rgb(srgb: np.ndarray) -> np.ndarray:
    """Convert colours `[H, W, 3]` uint8 from sRGB to Adobe RGB."""
    share = srgb / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    linear = np.clip(linear @ (np.linalg.inv(_ADOBE_TO_XYZ) @ _SRGB_TO_XYZ).T, 0, 1)
    return np.round(255 * linear ** (256 / 563)).astype(np.uint8)


def encoded(srgb: np.ndarray, profile: bytes) -> np.ndarray:
    """Convert colours `[H, W, 3]` uint8 from sRGB to `DISPLAY_P3`."""
    assert profile is DISPLAY_P3
    share = srgb / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    linear = np.clip(linear @ (np.linalg.inv(_TO_XYZ_D50) @ _SRGB_TO_XYZ_D50).T, 0, 1)
    share = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.round(255 * share).astype(np.uint8)
