"""The building blocks of Swin V2 and of GOAE's heads give the reference's numbers.

In three of the unit goldens the constants of the architecture were drawn by the weight formula too, although
their README says otherwise: the position table and index of `wattn*` (the index, cast to integers, is all
zero) and the mask of `block_shift`. The tests put these draws in the place of the computed constants, which
the whole encoder proves (`test_encoder.py`).
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import torch_bridge
from goae_flax import swin
from goae_flax.heads import CrossAttention, Perceptron
from goae_flax.swin import Mlp, PatchMerging, SwinBlock, WindowAttention
from goae_flax.torch_names import LAYOUT
from tests.support.golden import draw_normal
from tests.support.perception_golden import UNIT, goae_weight, perception_golden

pytestmark = pytest.mark.parity

CASE = perception_golden("units")


def build(unit: str, make: Callable[[], Any], weight=goae_weight) -> Any:
    state = CASE.unit_weights(unit, weight)
    arrays = torch_bridge.from_torch(state, torch_bridge.module_shapes(make), LAYOUT)
    return torch_bridge.module_from_arrays(make, arrays)


def unit_input(name: str) -> np.ndarray:
    return draw_normal(f"input:unit:{name}", tuple(CASE.entry["input_shapes"][name]), CASE.seed)


def as_map(tokens: np.ndarray) -> jax.Array:
    side = int(tokens.shape[1] ** 0.5)
    return jnp.asarray(tokens.reshape(len(tokens), side, side, -1))


def as_tokens(token_map: jax.Array) -> jax.Array:
    return token_map.reshape(len(token_map), -1, token_map.shape[-1])


def steep_weight(name: str, shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Logit scales beyond the clamp."""
    if name.endswith("logit_scale"):
        return np.float32(np.log(10)) + np.float32(4) * np.abs(draw_normal(name, shape, seed))
    return goae_weight(name, shape, seed)


@pytest.mark.parametrize("unit", ["wattn", "wattn_mask"])
def test_window_attention(unit, monkeypatch):
    drawn = CASE.unit_weights(unit, goae_weight)
    table, index = drawn["relative_coords_table"][0], drawn["relative_position_index"].astype(np.int64)
    monkeypatch.setattr(swin, "relative_coordinates", lambda *_: table)
    monkeypatch.setattr(swin, "relative_index", lambda *_: index)
    attention = build(
        unit, lambda: WindowAttention(32, 4, 4, pretrained_window=3, rngs=nnx.Rngs(0)), steep_weight
    )
    windows = jnp.asarray(unit_input("wattn")).reshape(2, 2, 16, 32)
    masked = np.where(unit_input("wattn_mask") > 0.3, np.float32(-100), np.float32(0))
    y = attention(windows, masked if unit == "wattn_mask" else None)
    CASE.check(f"{unit}.out", y.reshape(4, 16, 32), UNIT)


@pytest.mark.parametrize(
    ("unit", "inputs", "resolution", "window"),
    [("block_shift", "block", 8, 4), ("block_small", "block_small", 4, 8)],
)
def test_swin_block(unit, inputs, resolution, window, monkeypatch):
    if unit == "block_shift":
        mask = CASE.unit_weights(unit, goae_weight)["attn_mask"]
        monkeypatch.setattr(swin, "shift_mask", lambda *_: mask)

    def make():
        return SwinBlock(
            32, 4, resolution, window=window, shifted=True, pretrained_window=3, rngs=nnx.Rngs(0)
        )

    y = build(unit, make)(as_map(unit_input(inputs)))
    CASE.check(f"{unit}.out", as_tokens(y), UNIT)


@pytest.mark.parametrize(("unit", "scale"), [("merge", 1.0), ("merge_tiny", 0.003)])
def test_patch_merging(unit, scale):
    merging = build(unit, lambda: PatchMerging(32, rngs=nnx.Rngs(0)))
    y = merging(as_map(np.float32(scale) * unit_input("merge")))
    CASE.check(f"{unit}.out", as_tokens(y), UNIT)


def test_perceptrons():
    mlp = build("gelu_mlp", lambda: Mlp(16, 64, rngs=nnx.Rngs(0)))
    CASE.check("gelu_mlp.out", mlp(jnp.asarray(2 * unit_input("gelu"))), UNIT)
    perceptron = build("mlp", lambda: Perceptron((16, 16, 7), rngs=nnx.Rngs(0)))
    CASE.check("mlp.out", perceptron(jnp.asarray(unit_input("mlp"))), UNIT)


def test_cross_attention():
    attention = build("xattn", lambda: CrossAttention(32, 4, 64, rngs=nnx.Rngs(0)))
    queries, memory = jnp.asarray(unit_input("xattn_q")), jnp.asarray(unit_input("xattn_kv"))
    CASE.check("xattn.out", attention(queries, memory), UNIT)
