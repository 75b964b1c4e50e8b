"""Read the weights from the PyPI package `facenet-pytorch`, which has other names and another flattening."""

from collections.abc import Mapping

import numpy as np

from mtcnn_flax.networks import NetName
from mtcnn_flax.torch_names import FLATTENED, channels_first

_HEADS: dict[NetName, tuple[str, ...]] = {
    "pnet": ("conv4_1", "conv4_2"),
    "rnet": ("conv5_1", "conv5_2"),
    "onet": ("conv6_1", "conv6_2", "conv6_3"),
}


def is_facenet(state_dict: Mapping[str, np.ndarray]) -> bool:
    """True if a state dict has the names of `facenet-pytorch`."""
    return "conv1.weight" in state_dict


def from_facenet(state_dict: Mapping[str, np.ndarray], net: NetName) -> dict[str, np.ndarray]:
    """Rename the package's `pnet.pt`, `rnet.pt` or `onet.pt` to the names of the reference's files.

    In the package, linear layers are called dense, heads lack the prefix of their stage, and maps are
    flattened in the order (W, H, C).
    """
    renamed = {_name(name, net): array for name, array in state_dict.items()}
    if net in FLATTENED and FLATTENED[net][0] in renamed:
        name, sizes = FLATTENED[net]
        columns = renamed[name]
        if columns.shape[1:] == (sizes["c"] * sizes["w"] * sizes["h"],):
            renamed[name] = channels_first(columns, sizes)
    return renamed


def _name(name: str, net: NetName) -> str:
    layer, leaf = name.rsplit(".", 1)
    layer = layer.replace("dense", "conv")
    return f"{layer}.{leaf}" if layer in _HEADS[net] else f"features.{layer}.{leaf}"
