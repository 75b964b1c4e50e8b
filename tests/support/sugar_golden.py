"""The SUGAR goldens: arrays by name, weights and inputs by the formula of their README."""

import dataclasses
import functools
import json
import re
from typing import Any

import numpy as np

from tests.support.golden import PARITY, ROOT, draw_normal

_tenth = np.float32(0.1)


@dataclasses.dataclass(frozen=True)
class SugarCase:
    """One entry of the manifest with its arrays."""

    name: str
    entry: dict[str, Any]
    arrays: dict[str, np.ndarray]

    def __getitem__(self, name: str) -> np.ndarray:
        return self.arrays[name]

    def under(self, prefix: str) -> dict[str, np.ndarray]:
        """The arrays whose names begin with `prefix`, without it."""
        return {n.removeprefix(prefix): a for n, a in self.arrays.items() if n.startswith(prefix)}

    def normal(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        """The input called `name`, before scaling."""
        return draw_normal(name, shape, self.entry["seed"])

    def check(self, name: str, actual: Any, tolerance: float, *, expected: Any = None) -> None:
        """Fail unless `actual` differs by at most `tolerance` of the largest magnitude."""
        expected = np.asarray(self.arrays[name] if expected is None else expected, np.float64)
        actual = np.asarray(actual, np.float64)
        assert actual.shape == expected.shape, f"{self.name}/{name}: {actual.shape} != {expected.shape}"
        error = float(np.abs(actual - expected).max() / np.abs(expected).max())
        PARITY.append({"case": self.name, "output": name, "error": error, "atol": tolerance, "reason": ""})
        assert error <= tolerance, f"{self.name}/{name}: error {error:.3g}, tolerance {tolerance:.3g}"


@functools.cache
def sugar_golden(case: str) -> SugarCase:
    """Load one case, for example `sugar_golden("ewc")`."""
    entry = json.loads((ROOT / "sugar" / "manifest.json").read_text())["cases"][case]
    with np.load(ROOT / "sugar" / entry["file"]) as stored:
        return SugarCase(case, entry, dict(stored))


def unet_state_dict() -> dict[str, np.ndarray]:
    """The official mapper's state dict, every convolution under both of its names."""
    entry = sugar_golden("unet2d").entry
    drawn_as = entry["aliases"]

    def value(name: str, shape: list[int]) -> np.ndarray:
        x = draw_normal(drawn_as.get(name, name), tuple(shape), entry["seed"])
        return x * np.float32(np.sqrt(2 / np.prod(shape[1:]))) if len(shape) > 1 else _tenth * x

    state = {name: value(name, shape) for name, shape in entry["state_dict"].items()}
    for name, first in entry["weight_probe"].items():
        np.testing.assert_allclose(state[name].ravel()[:4], first, rtol=1e-6)
    assert all(re.search(r"\.block\.\d", name) for name in drawn_as)
    return state
