"""Convert the weights of the three networks from and to PyTorch's state dicts."""

from collections.abc import Mapping
from typing import Literal, overload

import numpy as np
from flax import nnx

import torch_bridge
from mtcnn_flax.networks import NETWORKS, NetName, ONet, PNet, RNet
from torch_layers import flatten_rows, unflatten_rows

LAYOUT = torch_bridge.TorchLayout(torch_bridge.conv_and_linear_axes)

FLATTENED: dict[NetName, tuple[str, dict[str, int]]] = {
    "rnet": ("features.conv4.weight", {"c": 64, "h": 3, "w": 3}),
    "onet": ("features.conv5.weight", {"c": 128, "h": 3, "w": 3}),
}
"""Layers that read a flattened map; the reference first transposes it to (C, W, H)."""


def channels_first(columns: np.ndarray, sizes: Mapping[str, int]) -> np.ndarray:
    """Reorder columns `[out, W H C]` of a linear layer to the order (C, W, H) of the reference's files."""
    grid = columns.reshape(-1, sizes["w"], sizes["h"], sizes["c"])
    return np.ascontiguousarray(grid.transpose(0, 3, 1, 2).reshape(columns.shape))


def target_shapes(net: NetName) -> dict[str, tuple[int, ...]]:
    """Return dotted path → shape for all arrays of the network, in our layout."""
    return torch_bridge.module_shapes(lambda: NETWORKS[net](rngs=nnx.Rngs(0)))


def account(state_dict: Mapping[str, np.ndarray], net: NetName) -> list[torch_bridge.Row]:
    """Return the status of each key of `state_dict`: read, missing, unexpected, ..."""
    return torch_bridge.account(state_dict, target_shapes(net), LAYOUT)


@overload
def from_torch(state_dict: Mapping[str, np.ndarray], net: Literal["pnet"]) -> PNet: ...
@overload
def from_torch(state_dict: Mapping[str, np.ndarray], net: Literal["rnet"]) -> RNet: ...
@overload
def from_torch(state_dict: Mapping[str, np.ndarray], net: Literal["onet"]) -> ONet: ...
def from_torch(state_dict: Mapping[str, np.ndarray], net: NetName) -> PNet | RNet | ONet:
    """Build a network from the contents of `pnet.npy`, `rnet.npy` or `onet.npy`.

    Raises:
      torch_bridge.StateDictError: if a key is missing or unexpected, or its array has a wrong shape or is not
        finite.
    """
    arrays = torch_bridge.from_torch(state_dict, target_shapes(net), LAYOUT)
    if net in FLATTENED:
        name, sizes = FLATTENED[net]
        arrays[name] = flatten_rows(arrays[name], sizes, source="cwh")
    return torch_bridge.module_from_arrays(lambda: NETWORKS[net](rngs=nnx.Rngs(0)), arrays)


def to_torch(module: PNet | RNet | ONet) -> dict[str, np.ndarray]:
    """Return the state dict of a network: the inverse of `from_torch`."""
    arrays = torch_bridge.module_arrays(module)
    for net, (name, sizes) in FLATTENED.items():
        if isinstance(module, NETWORKS[net]):
            arrays[name] = unflatten_rows(arrays[name], sizes, source="cwh")
    return torch_bridge.to_torch(arrays, LAYOUT)
