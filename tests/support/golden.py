"""Read the golden numbers: stored or formula inputs, formula weights, expected outputs with tolerances.

`tests/goldens/README.md` says what the goldens are; the README of each folder holds the formula that is
written out here. All arrays are in torch layout, as in the files.
"""

import dataclasses
import functools
import json
import re
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1] / "goldens"


def normal_generator(name: str, seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(zlib.crc32(name.encode()) + 1000003 * seed))


def draw_normal(name: str, shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Draw the standard normal float32 array that belongs to `name`."""
    return np.asarray(normal_generator(name, seed).standard_normal(shape)).astype(np.float32)


def draw_uniform(name: str, shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Draw the uniform float32 array in [0, 1) that belongs to `name`."""
    return np.asarray(normal_generator(name, seed).random(shape, dtype=np.float32))


def eg3d_weight(name: str, shape: tuple[int, ...], seed: int, lr_multiplier: float = 1.0) -> np.ndarray:
    """Return the value of one EG3D `state_dict()` entry, by the table in `goldens/eg3d/README.md`."""
    leaf = name.rsplit(".", 1)[-1]
    if leaf == "resample_filter":
        taps = np.array([1, 3, 3, 1], np.float32)
        return np.outer(taps, taps) / np.float32(64)
    x = draw_normal(name, shape, seed)
    tenth = np.float32(0.1)
    if leaf in ("noise_strength", "w_avg"):
        return tenth * x
    if leaf in ("noise_const", "const"):
        return x
    density_scale = np.float32(lr_multiplier)
    is_density_layer = "net.2." in name
    if leaf == "bias":
        if name.endswith("affine.bias"):
            return 1 + tenth * x
        bias = tenth * x
        if is_density_layer:
            bias[0] += np.float32(3) / density_scale
        return bias
    assert leaf == "weight", name
    if is_density_layer:
        x[0] = np.float32(10) * (x[0] - np.float32(x[0].mean(dtype=np.float64)))
    return x / density_scale if lr_multiplier != 1 else x


def eg3d_lr_multiplier(name: str) -> float:
    """Return the learning rate multiplier of a weight: 0.01 in mapping layers `fc*`, elsewhere 1."""
    return 0.01 if re.search(r"(^|\.)fc\d+\.weight$", name) else 1.0


@dataclasses.dataclass(frozen=True)
class GoldenCase:
    """One entry of a manifest with its arrays."""

    entry: dict[str, Any]
    arrays: dict[str, np.ndarray]

    @property
    def name(self) -> str:
        return self.entry["case"]

    @property
    def seed(self) -> int:
        return self.entry["seed"]

    def input(self, name: str) -> np.ndarray:
        """Return the input called `name`, stored or drawn, in torch layout."""
        spec = next(i for i in self.entry["inputs"] if i["name"] == name)
        if "stored" in spec:
            return self.arrays[spec["stored"]]
        draw = draw_normal if spec["distribution"] == "normal" else draw_uniform
        value = draw(spec["formula_name"], tuple(spec["shape"]), self.seed)
        note = spec.get("note") or ""
        if note.startswith("value = "):  # "value = a + s*x", in float32: scale first, then offset
            offset, scale = note.removeprefix("value = ").split(";")[0].split("*x")[0].split(" + ")
            value = value * np.float32(scale) + np.float32(offset)
        np.testing.assert_allclose(value.ravel()[:4], spec["check"]["first"], rtol=1e-6)
        return value

    def output(self, name: str) -> np.ndarray:
        """Return the reference's float32 output called `name`."""
        return self.arrays[f"out/{name}"]

    def atol(self, name: str) -> float:
        """Return the tolerance that the manifest suggests for this output."""
        return next(o["suggested_atol"] for o in self.entry["outputs"] if o["name"] == name)

    def weights(
        self,
        shapes: dict[str, Any] | None = None,
        *,
        prefix: str = "",
        lr_multiplier: Callable[[str], float] = eg3d_lr_multiplier,
    ) -> dict[str, np.ndarray]:
        """Draw an EG3D state dict by the formula; `prefix` is prepended to a name before it is drawn."""
        if shapes is None:
            shapes = dict(self.entry["state_dict"])
        return {
            name: eg3d_weight(prefix + name, tuple(shape), self.seed, lr_multiplier(prefix + name))
            for name, shape in shapes.items()
        }

    def check(self, name: str, actual: Any, *, widen: float = 1.0, reason: str = "") -> None:
        """Fail unless `actual` (torch layout) matches output `name` within its tolerance.

        A tolerance is widened only with a written reason.
        """
        assert widen == 1.0 or reason, "say why the tolerance is widened"
        expected = self.output(name)
        actual = np.asarray(actual, np.float32)
        assert actual.shape == expected.shape, f"{self.name}/{name}: {actual.shape} != {expected.shape}"
        atol = float(self.atol(name) * widen)
        error = float(np.abs(actual - expected).max(initial=0.0))
        if not np.array_equal(np.isfinite(actual), np.isfinite(expected)):
            error = float("inf")
        shown = reason if widen > 1 else ""
        PARITY.append({"case": self.name, "output": name, "error": error, "atol": atol, "reason": shown})
        assert error <= atol, f"{self.name}/{name}: max error {error:.3g}, tolerance {atol:.3g}"


PARITY: list[dict[str, Any]] = []
"""One row per comparison; conftest.py writes them out with --parity-table."""


@functools.cache
def _manifest(folder: str) -> dict[str, dict[str, Any]]:
    manifest = json.loads((ROOT / folder / "manifest.json").read_text())
    return {case["case"]: case for case in manifest["cases"]}


@functools.cache
def golden(folder: str, case: str) -> GoldenCase:
    """Load one case, for example `golden("eg3d", "ops_upfirdn2d")`."""
    entry = _manifest(folder)[case]
    with np.load(ROOT / folder / entry["file"]) as stored:
        return GoldenCase(entry, dict(stored))
