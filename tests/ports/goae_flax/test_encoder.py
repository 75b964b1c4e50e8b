"""The whole encoder, with the sizes of the released weights, gives the reference's maps and latents."""

import functools
import json

import jax
import numpy as np
import pytest

import goae_flax
import torch_bridge
from goae_flax.swin import SwinMaps
from goae_flax.windows import relative_coordinates, relative_index, shift_mask
from tests.support.golden import ROOT
from tests.support.layouts import nhwc
from tests.support.perception_golden import NETWORK, UNIT, goae_weight, perception_golden

pytestmark = pytest.mark.parity

CASE = perception_golden("goae_encoder")
BUFFERS = json.loads((ROOT / "perception" / "goae_state_dict.json").read_text())["state_dict"]


@functools.cache
def encoder() -> tuple[goae_flax.GOAEEncoder, dict[str, np.ndarray]]:
    state = {
        name: goae_weight(name, tuple(spec["shape"]), CASE.seed)
        for name, spec in BUFFERS.items()
        if spec["kind"] == "parameter"
    }
    for name, first in CASE.entry["weight_probe"].items():
        np.testing.assert_allclose(state[name].ravel()[:4], first, rtol=1e-6)
    return goae_flax.from_torch(state), state


def tokens(x: jax.Array) -> jax.Array:
    return x.reshape(len(x), -1, x.shape[-1])


# The block is an argument: the many blocks of the third stage share two compilations.
apply_layer = jax.jit(lambda layer, x: layer(x))


@functools.cache
def token_maps() -> SwinMaps:
    """Run the backbone block by block, checking each output that the golden has."""
    backbone = encoder()[0].swin_model
    x = apply_layer(backbone.patch_embed, nhwc(CASE.input_image("input:goae:img", "img")))
    before = []
    for stage, layer in enumerate(backbone.layers):
        before.append(x)
        for index, block in enumerate(layer.blocks):
            x = apply_layer(block, x)
            name = f"layer{stage}_block{index}"
            if f"{name}.idx" in CASE.arrays:
                CASE.check_entries(name, tokens(x), NETWORK)
        if layer.downsample is not None:
            x = apply_layer(layer.downsample, x)
    fine, mid, coarse, query = before
    return SwinMaps(fine, mid, coarse, query, apply_layer(backbone.norm, x))


@pytest.mark.long
def test_backbone_block_by_block():
    maps = token_maps()
    for name in ("fine", "mid", "coarse"):
        CASE.check_entries(f"x_{name}", tokens(getattr(maps, name)), NETWORK)
    for name in ("query", "base"):  # the golden has these with the channels before the positions
        CASE.check_entries(f"x_{name}", tokens(getattr(maps, name)).swapaxes(1, 2), NETWORK)


def test_heads_from_maps_to_latents():
    @jax.jit
    def run(module, maps):
        queries, memories = module.queries(maps), module.memories(maps)
        return module.base_code(maps), queries, memories, module.details(queries, memories)

    base, queries, memories, details = run(encoder()[0], token_maps())
    CASE.check("ws_base", base, NETWORK)
    for name, query, detail in zip(("coarse", "mid", "fine"), queries, details, strict=True):
        CASE.check_entries(f"mapper_query_channel_{name}", query, NETWORK)
        CASE.check_entries(f"cross_att_{name}", detail, NETWORK)
    CASE.check_entries("kv_mid", memories.mid, NETWORK)
    CASE.check_entries("kv_fine", memories.fine, NETWORK)

    # The reference's curriculum adds the groups of layers one after the other.
    ws = np.repeat(np.asarray(base)[:, None], 14, axis=1)
    for stage, layers in enumerate((slice(1, 4), slice(4, 7), slice(7, 14))):
        stored = CASE.arrays[f"stage{stage}.ws_img0_val"]
        np.testing.assert_allclose(ws[0].ravel()[CASE.arrays[f"stage{stage}.ws_img0_idx"]], stored, atol=1e-4)
        ws[:, layers] += details[stage]
    CASE.check("ws", ws, NETWORK)


@pytest.mark.long
def test_encoder_as_one_function():
    images = nhwc(CASE.input_image("input:goae:img", "img"))
    ws, base = apply_layer(encoder()[0], images)
    CASE.check("ws", ws, NETWORK)
    CASE.check("ws_base", base, NETWORK)


def test_weights_and_buffers_come_back_with_all_their_names():
    module, state = encoder()
    back = goae_flax.to_torch(module)
    assert back.keys() == BUFFERS.keys()
    for name, array in back.items():
        assert list(array.shape) == BUFFERS[name]["shape"]
        if name in state:
            np.testing.assert_array_equal(array, state[name])
    statuses = [row.status for row in goae_flax.account(back)]
    assert (statuses.count("used"), statuses.count("ignored")) == (len(state), len(BUFFERS) - len(state))
    assert set(statuses) == {"used", "ignored"}


def test_the_afhq_backbone_has_another_name():
    _, state = encoder()
    renamed = {name.replace("swin_model.", "swin_base."): array for name, array in state.items()}
    assert {row.status for row in goae_flax.account(renamed)} == {"used"}
    del renamed["swin_base.norm.bias"]
    with pytest.raises(torch_bridge.StateDictError, match=r"swin_model\.norm\.bias: missing"):
        goae_flax.from_torch(renamed)


def test_constants_are_those_of_the_reference():
    layers = "buf.swin_model.layers."
    for stage, window, pretrained in ((0, 16, 12), (3, 8, 6)):
        row = CASE.arrays[f"{layers}{stage}.blocks.0.attn.relative_coords_table.row0"]
        np.testing.assert_allclose(relative_coordinates(window, pretrained)[0], row, rtol=UNIT)
    index = CASE.arrays[f"{layers}3.blocks.0.attn.relative_position_index"]
    np.testing.assert_array_equal(relative_index(8), index)
    mask = shift_mask(64, 16, 8)
    np.testing.assert_array_equal(mask.shape, CASE.arrays[f"{layers}0.blocks.1.attn_mask.shape"])
    masked = CASE.arrays[f"{layers}0.blocks.1.attn_mask.nonzero_per_window"]
    np.testing.assert_array_equal((mask != 0).sum(axis=(1, 2)), masked)
