"""The LEGATO goldens: weights by the formulas of their README, and comparisons by name."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tests.support.golden import GoldenCase, draw_normal, eg3d_lr_multiplier, eg3d_weight

WITHIN = "odefunc.unlearn.unlearn."


def legato_weight(name: str, shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Return the value of an entry of a state dict, by the table in `goldens/legato/README.md`."""
    if WITHIN not in name:
        return eg3d_weight(name, shape, seed, eg3d_lr_multiplier(name))
    x = draw_normal(name, shape, seed)
    if name.endswith("bias"):
        return np.float32(0.1) * x
    scale = np.float32(np.sqrt(2 / shape[1]))
    return x * (np.float32(0.25) * scale if name.endswith("2.weight") else scale)


def legato_weights(case: GoldenCase, *, zero: bool = False) -> dict[str, np.ndarray]:
    """Return the state dict of a case; `zero` makes all of adapters 0 but W1, as before training."""
    drawn = {
        name: legato_weight(name, tuple(shape), case.seed) for name, shape in case.entry["state_dict"].items()
    }
    return without_effect(drawn) if zero else drawn


def without_effect(state_dict: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the same entries with everything of adapters 0 but W1."""
    return {
        name: np.zeros_like(array) if WITHIN in name and not name.endswith("0.weight") else array
        for name, array in state_dict.items()
    }


def sliced(case: GoldenCase, name: str, matrix: np.ndarray) -> Any:
    """Return the part of a weight's gradient `[O, I, 1, 1]` that a golden stores, as its note says."""
    matrix = np.asarray(matrix)
    note = next(output for output in case.entry["outputs"] if output["name"] == name).get("note") or ""
    if "[out, in, 0, 0]" in note:
        matrix = matrix[:, :, 0, 0]
    if note.startswith("rows ["):
        rows, columns = (int(part.split("]")[0]) for part in note.split("[::")[1:3])
        matrix = matrix[::rows, ::columns]
    return matrix
