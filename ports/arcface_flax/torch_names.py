"""Weights of the face recognition networks to and from PyTorch's state dicts."""

from collections.abc import Mapping
from typing import Literal

import numpy as np
from flax import nnx

import torch_bridge
from arcface_flax.config import ArcFaceConfig
from arcface_flax.network import ArcFace
from torch_layers import flatten_rows, unflatten_rows

LAYOUT = torch_bridge.TorchLayout(torch_bridge.conv_and_linear_axes, ignored=(r".*\.num_batches_tracked",))
"""PyTorch counts batches only to schedule a momentum that these networks do not use."""

_EMBEDDING = "output_layer.3.weight"

Arch = Literal["ir_se50", "ir_101"]


def make(config: ArcFaceConfig) -> ArcFace:
    """An untrained network of this size."""
    return ArcFace(config, rngs=nnx.Rngs(0))


def sizes(arch: Arch | ArcFaceConfig) -> ArcFaceConfig:
    """The config that a name stands for."""
    return arch if isinstance(arch, ArcFaceConfig) else getattr(ArcFaceConfig, arch)()


def target_shapes(arch: Arch | ArcFaceConfig) -> dict[str, tuple[int, ...]]:
    """Dotted path → shape of every array of the network, in our layout."""
    return torch_bridge.module_shapes(lambda: make(sizes(arch)))


def account(state_dict: Mapping[str, np.ndarray], arch: Arch | ArcFaceConfig) -> list[torch_bridge.Row]:
    """What becomes of each key of `state_dict` in a network of this size."""
    return torch_bridge.account(state_dict, target_shapes(arch), LAYOUT)


def from_torch(state_dict: Mapping[str, np.ndarray], arch: Arch | ArcFaceConfig = "ir_se50") -> ArcFace:
    """Build a network from its state dict.

    Args:
      state_dict: the contents of `model_ir_se50.pth`, `CurricularFace_Backbone.pth`, or a network of any
        other size with their names.
      arch: "ir_se50", "ir_101", or the sizes.

    Raises:
      torch_bridge.StateDictError: if a key is missing, unexpected, of the wrong shape or not finite.
    """
    config = sizes(arch)
    arrays = torch_bridge.from_torch(state_dict, target_shapes(config), LAYOUT)
    arrays[_EMBEDDING] = flatten_rows(arrays[_EMBEDDING], _feature_sizes(config), source="chw")
    return torch_bridge.module_from_arrays(lambda: make(config), arrays)


def to_torch(module: ArcFace) -> dict[str, np.ndarray]:
    """The inverse of `from_torch`, without the batch counters."""
    arrays = torch_bridge.module_arrays(module)
    arrays[_EMBEDDING] = unflatten_rows(arrays[_EMBEDDING], _feature_sizes(module.config), source="chw")
    return torch_bridge.to_torch(arrays, LAYOUT)


def _feature_sizes(config: ArcFaceConfig) -> dict[str, int]:
    return {"c": config.channels[-1], "h": config.final_size, "w": config.final_size}
