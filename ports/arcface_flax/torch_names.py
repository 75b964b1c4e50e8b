"""Convert weights of the face recognition networks from and to PyTorch's state dicts."""

import functools
from collections.abc import Mapping
from typing import Literal, get_args

import numpy as np
from flax import nnx

import torch_bridge
from arcface_flax.config import ArcFaceConfig
from arcface_flax.network import ArcFace
from torch_layers import flatten_rows, unflatten_rows

LAYOUT = torch_bridge.TorchLayout(torch_bridge.conv_and_linear_axes, ignored=(r".*\.num_batches_tracked",))
"""PyTorch's batch counters are ignored: they only serve a schedule that these networks do not use."""

_EMBEDDING = "output_layer.3.weight"

Arch = Literal["ir_se50", "ir_101"]


def make(config: ArcFaceConfig) -> ArcFace:
    """Make an untrained network."""
    return ArcFace(config, rngs=nnx.Rngs(0))


def sizes(arch: Arch | ArcFaceConfig) -> ArcFaceConfig:
    """Return the config of a name.

    Raises:
      ValueError: if there is no such name.
    """
    if isinstance(arch, ArcFaceConfig):
        return arch
    if arch not in get_args(Arch):
        raise ValueError(
            f"unknown network {arch!r}; choose from {', '.join(get_args(Arch))} or give a config"
        )
    return getattr(ArcFaceConfig, arch)()


def target_shapes(arch: Arch | ArcFaceConfig) -> dict[str, tuple[int, ...]]:
    """Return dotted path → shape for all arrays of the network, in our layout."""
    return torch_bridge.module_shapes(functools.partial(make, sizes(arch)))


def account(state_dict: Mapping[str, np.ndarray], arch: Arch | ArcFaceConfig) -> list[torch_bridge.Row]:
    """Return the status of each key of `state_dict`: read, missing, unexpected, ..."""
    return torch_bridge.account(state_dict, target_shapes(arch), LAYOUT)


def from_torch(state_dict: Mapping[str, np.ndarray], arch: Arch | ArcFaceConfig = "ir_se50") -> ArcFace:
    """Build a network from its state dict.

    Args:
      state_dict: contents of `model_ir_se50.pth`, `CurricularFace_Backbone.pth`, or of a network of another
        size with their names.
      arch: "ir_se50", "ir_101", or a config.

    Raises:
      ValueError: if there is no such `arch`.
      torch_bridge.StateDictError: if a key is missing or unexpected, or its array has a wrong shape or is not
        finite.
    """
    config = sizes(arch)
    arrays = torch_bridge.from_torch(state_dict, target_shapes(config), LAYOUT)
    arrays[_EMBEDDING] = flatten_rows(arrays[_EMBEDDING], _feature_sizes(config), source="chw")
    return torch_bridge.module_from_arrays(functools.partial(make, config), arrays)


def to_torch(module: ArcFace) -> dict[str, np.ndarray]:
    """Return the state dict of a network, without batch counters: the inverse of `from_torch`."""
    arrays = torch_bridge.module_arrays(module)
    arrays[_EMBEDDING] = unflatten_rows(arrays[_EMBEDDING], _feature_sizes(module.config), source="chw")
    return torch_bridge.to_torch(arrays, LAYOUT)


def _feature_sizes(config: ArcFaceConfig) -> dict[str, int]:
    return {"c": config.channels[-1], "h": config.final_size, "w": config.final_size}
