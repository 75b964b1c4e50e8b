"""LPIPS weights to and from PyTorch's two files: torchvision's backbone, the `lpips` package's heads."""

from collections.abc import Mapping

import numpy as np
from flax import nnx

import torch_bridge
from lpips_flax.lpips import LPIPS, Net

LAYOUT = torch_bridge.TorchLayout(torch_bridge.conv_and_linear_axes, ignored=(r"classifier\..*",))
"""The backbones' classifiers are not part of LPIPS."""


def make(net: Net) -> LPIPS:
    """An untrained LPIPS whose names and shapes are those of `net`."""
    return LPIPS(net, rngs=nnx.Rngs(0))


def target_shapes(net: Net) -> dict[str, tuple[int, ...]]:
    """Dotted path → shape of every array of the network, in our layout."""
    return torch_bridge.module_shapes(lambda: make(net))


def account(
    backbone_state: Mapping[str, np.ndarray], lin_state: Mapping[str, np.ndarray], net: Net
) -> list[torch_bridge.Row]:
    """What becomes of each key of the two state dicts."""
    return torch_bridge.account({**backbone_state, **lin_state}, target_shapes(net), LAYOUT)


def from_torch(
    backbone_state: Mapping[str, np.ndarray], lin_state: Mapping[str, np.ndarray], net: Net = "vgg"
) -> LPIPS:
    """Build LPIPS from the two released state dicts (the heads are bundled, see `heads`).

    Args:
      backbone_state: torchvision's `vgg16`, `alexnet` or `squeezenet1_1` (`features.N.weight`, ...).
      lin_state: the `lpips` package's `weights/v0.1/<net>.pth` (`lin0.model.1.weight`, ...).
      net: which backbone it is.

    Raises:
      torch_bridge.StateDictError: if a key is missing, unexpected, of the wrong shape or not finite.
    """
    arrays = torch_bridge.from_torch({**backbone_state, **lin_state}, target_shapes(net), LAYOUT)
    return torch_bridge.module_from_arrays(lambda: make(net), arrays)


def to_torch(module: LPIPS) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """The inverse of `from_torch`: (backbone_state, lin_state), without the unused classifier."""
    state = torch_bridge.to_torch(torch_bridge.module_arrays(module), LAYOUT)
    backbone = {name: array for name, array in state.items() if name.startswith("features.")}
    return backbone, {name: array for name, array in state.items() if name not in backbone}
