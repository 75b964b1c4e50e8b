"""The goldens of the perception networks: weights and images by formula, comparisons by relative error.

The formulas and tolerances are those of `tests/goldens/perception/README.md`. All arrays are in torch layout.
"""

import dataclasses
import functools
import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.support.golden import PARITY, ROOT, draw_normal, normal_generator

UNIT = 1e-5
NETWORK = 5e-5
GRADIENT = 5e-4
LPIPS_DISTANCE = 1e-5
"""Suggested tolerances: relative L2 errors, and an absolute one for LPIPS distances."""

_PRELU = re.compile(r".*(input_layer\.2|res_layer\.2|prelu\d)\.weight")
_RESIDUAL_3X3 = re.compile(r".*res_layer\.[13]\.weight")
_tenth = np.float32(0.1)


def weight(name: str, shape: tuple[int, ...], seed: int, gain: float = 2.0) -> np.ndarray:
    """The value of one `state_dict()` entry; `gain` is that of tensors with at least two dimensions."""
    leaf = name.rsplit(".", 1)[-1].rsplit(":", 1)[-1]
    if leaf == "num_batches_tracked":
        return np.zeros(shape, np.int64)
    x = draw_normal(name, shape, seed)
    if leaf == "logit_scale":
        return np.float32(np.log(10)) + _tenth * x
    if leaf == "running_var":
        return 1 + _tenth * np.abs(x)
    if len(shape) >= 2:
        return x * np.float32(np.sqrt(gain / np.prod(shape[1:])))
    if _PRELU.fullmatch(name):
        return np.float32(0.25) + np.float32(0.05) * x
    return 1 + _tenth * x if leaf == "weight" else _tenth * x


def ir_weight(name: str, shape: tuple[int, ...], seed: int) -> np.ndarray:
    """As `weight`, with the smaller gain of the residual branches' 3x3 convolutions."""
    return weight(name, shape, seed, gain=0.5 if _RESIDUAL_3X3.fullmatch(name) else 2.0)


def goae_weight(name: str, shape: tuple[int, ...], seed: int) -> np.ndarray:
    """As `weight`, with gain 1 for matrices."""
    return weight(name, shape, seed, gain=1.0 if len(shape) == 2 else 2.0)


def image(name: str, shape: tuple[int, int, int], seed: int) -> np.ndarray:
    """A smooth random picture `[C, H, W]` in (-1, 1)."""
    channels, height, width = shape
    rng = normal_generator(name, seed)
    p = rng.standard_normal((6, 2 + 2 * channels))
    noise = rng.standard_normal(shape)
    y = ((np.arange(height) + 0.5) / height)[:, None]
    x = ((np.arange(width) + 0.5) / width)[None, :]
    value = 0.1 * noise
    for k in range(6):
        wave = 4 * np.pi * (p[k, 0] * x + p[k, 1] * y)
        for c in range(channels):
            value[c] += 0.6 * p[k, 2 + c] * np.cos(wave + np.pi * p[k, 2 + channels + c])
    return np.tanh(value).astype(np.float32)


def image_batch(name: str, shape: tuple[int, int, int, int], seed: int) -> np.ndarray:
    """Pictures `[B, C, H, W]`, each drawn from `name` and its place in the batch."""
    return np.stack([image(f"{name}:{b}", shape[1:], seed) for b in range(shape[0])])


@dataclasses.dataclass(frozen=True)
class PerceptionCase:
    """One entry of the manifest with its arrays."""

    name: str
    entry: dict[str, Any]
    arrays: dict[str, np.ndarray]

    @property
    def seed(self) -> int:
        return self.entry["seed"]

    def weights(self, formula: Callable[..., np.ndarray]) -> dict[str, np.ndarray]:
        """The state dict that `formula` gives, checked against the manifest's first values."""
        state = {
            name: formula(name, tuple(shape), self.seed) for name, shape in self.entry["state_dict"].items()
        }
        for name, first in self.entry["weight_probe"].items():
            np.testing.assert_allclose(state[name].ravel()[:4], first, rtol=1e-6)
        return state

    def unit_weights(self, unit: str, formula: Callable[..., np.ndarray]) -> dict[str, np.ndarray]:
        """The state dict of one of the small blocks, without the prefix that its draws carry."""
        spec = self.entry["units"][unit]
        prefix = spec["name_prefix"]
        return {
            name.removeprefix(prefix): formula(name, tuple(shape), self.seed)
            for name, shape in spec["state_dict"].items()
        }

    def draw_image(self, formula_name: str, key: str) -> np.ndarray:
        """The picture batch drawn from `formula_name`, with the shape of the manifest's input `key`."""
        return image_batch(formula_name, tuple(self.entry["inputs"][key]["shape"]), self.seed)

    def input_image(self, formula_name: str, key: str) -> np.ndarray:
        """As `draw_image`, checked against the manifest's values."""
        batch = self.draw_image(formula_name, key)
        self.probe(batch, key)
        return batch

    def probe(self, value: np.ndarray, key: str) -> None:
        """Fail if an input is not the one that the golden was computed from."""
        spec = self.entry["inputs"][key]
        np.testing.assert_allclose(value.ravel()[spec["flat_idx"]], spec["val"], rtol=2e-6, atol=2e-6)

    def check(self, output: str, actual: Any, tolerance: float, *, absolute: bool = False) -> None:
        """Fail unless `actual` (torch layout) has at most this relative L2 (or largest absolute) error."""
        self._compare(output, np.asarray(actual), self.arrays[output], tolerance, absolute)

    def check_entries(self, prefix: str, actual: Any, tolerance: float) -> None:
        """Compare mean, standard deviation and the stored flat entries of a large tensor."""
        actual = np.asarray(actual, np.float64)
        separator = "." if f"{prefix}.idx" in self.arrays else "_"
        index, values, mean, std = (
            self.arrays[f"{prefix}{separator}{key}"] for key in ("idx", "val", "mean", "std")
        )
        self._compare(prefix, actual.ravel()[index], values, tolerance, False)
        moments = np.array([actual.mean(), actual.std()])
        scale = float(std)
        error = float(np.abs(moments - [float(mean), scale]).max()) / scale
        self._record(f"{prefix} moments", error, tolerance)

    def check_gradient(
        self, prefix: str, actual: Any, *, tolerance: float = GRADIENT, widen: float = 1.0, reason: str = ""
    ) -> None:
        """Compare a gradient's norm, and its stored entries relative to the largest of them.

        A tolerance is widened only with a written reason.
        """
        assert widen == 1.0 or reason, "say why the tolerance is widened"
        tolerance *= widen
        actual = np.asarray(actual, np.float64)
        values, norm = self.arrays[f"{prefix}_val"], float(self.arrays[f"{prefix}_norm"])
        largest = float(np.abs(values).max())
        error = float(np.abs(actual.ravel()[self.arrays[f"{prefix}_idx"]] - values).max()) / largest
        self._record(f"{prefix} entries", error, tolerance, reason)
        norm_error = abs(float(np.linalg.norm(actual)) - norm) / norm
        self._record(f"{prefix} norm", norm_error, tolerance, reason)

    def _compare(
        self, output: str, actual: np.ndarray, expected: np.ndarray, tolerance: float, absolute: bool
    ) -> None:
        assert actual.shape == expected.shape, f"{self.name}/{output}: {actual.shape} != {expected.shape}"
        difference = actual.astype(np.float64) - expected
        if absolute:
            error = float(np.abs(difference).max())
        else:
            error = float(np.linalg.norm(difference) / np.linalg.norm(expected))
        self._record(output, error, tolerance)

    def _record(self, output: str, error: float, tolerance: float, reason: str = "") -> None:
        row = {"case": self.name, "output": output, "error": error, "atol": tolerance, "reason": reason}
        PARITY.append(row)
        assert error <= tolerance, f"{self.name}/{output}: error {error:.3g}, tolerance {tolerance:.3g}"


@functools.cache
def _manifest() -> dict[str, Any]:
    return json.loads((ROOT / "perception" / "manifest.json").read_text())["cases"]


@functools.cache
def perception_golden(case: str) -> PerceptionCase:
    """Load one case, for example `perception_golden("lpips_vgg")`."""
    entry = _manifest()[case]
    with np.load(ROOT / "perception" / entry["file"]) as stored:
        return PerceptionCase(case, entry, dict(stored))
