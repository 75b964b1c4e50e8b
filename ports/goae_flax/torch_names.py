"""Convert the weights of the encoder from and to PyTorch's state dict."""

import functools
from collections.abc import Mapping

import numpy as np
from flax import nnx

import torch_bridge
from goae_flax.config import GOAEConfig
from goae_flax.encoder import GOAEEncoder
from goae_flax.swin import SwinBlock
from goae_flax.windows import relative_coordinates, relative_index, shift_mask

LAYOUT = torch_bridge.TorchLayout(
    torch_bridge.conv_and_linear_axes,
    # Constants of the architecture that PyTorch stores as buffers.
    ignored=(r"(.*\.)?relative_coords_table", r"(.*\.)?relative_position_index", r"(.*\.)?attn_mask"),
)


def make(config: GOAEConfig) -> GOAEEncoder:
    """Make an untrained encoder."""
    return GOAEEncoder(config, rngs=nnx.Rngs(0))


def target_shapes(config: GOAEConfig) -> dict[str, tuple[int, ...]]:
    """Return dotted path → shape for all arrays of the encoder, in our layout."""
    return torch_bridge.module_shapes(functools.partial(make, config))


def _unified(state_dict: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Rename the backbone to `swin_model`, as in the FFHQ encoder; the AFHQ encoder calls it `swin_base`."""
    return {
        "swin_model." + name.removeprefix("swin_base.") if name.startswith("swin_base.") else name: array
        for name, array in state_dict.items()
    }


def account(state_dict: Mapping[str, np.ndarray], config: GOAEConfig | None = None) -> list[torch_bridge.Row]:
    """Return the status of each key of `state_dict`: read, missing, unexpected, ..."""
    return torch_bridge.account(_unified(state_dict), target_shapes(config or GOAEConfig.ffhq()), LAYOUT)


def from_torch(state_dict: Mapping[str, np.ndarray], config: GOAEConfig | None = None) -> GOAEEncoder:
    """Build the encoder from the contents of `encoder_FFHQ.pt` or `encoder_AFHQ.pt`.

    Args:
      state_dict: name → array; the backbone is called `swin_model` or `swin_base`.
      config: None for the config of the released files.

    Raises:
      torch_bridge.StateDictError: if a key is missing or unexpected, or its array has a wrong shape or is not
        finite.
    """
    config = config or GOAEConfig.ffhq()
    arrays = torch_bridge.from_torch(_unified(state_dict), target_shapes(config), LAYOUT)
    return torch_bridge.module_from_arrays(functools.partial(make, config), arrays)


def to_torch(module: GOAEEncoder) -> dict[str, np.ndarray]:
    """Return the state dict with the FFHQ encoder's names and constant buffers; inverse of `from_torch`."""
    state_dict = torch_bridge.to_torch(torch_bridge.module_arrays(module), LAYOUT)
    for stage, layer in enumerate(module.swin_model.layers):
        for index, block in enumerate(layer.blocks):
            state_dict |= _buffers(f"swin_model.layers.{stage}.blocks.{index}", block)
    return state_dict


def _buffers(name: str, block: SwinBlock) -> dict[str, np.ndarray]:
    window = block.attn.window
    buffers = {
        f"{name}.attn.relative_coords_table": relative_coordinates(window, block.attn.pretrained_window)[
            None
        ],
        f"{name}.attn.relative_position_index": relative_index(window).astype(np.int64),
    }
    if block.shift:
        buffers[f"{name}.attn_mask"] = shift_mask(block.resolution, window, block.shift)
    return buffers
