"""Convert LPIPS from and to two PyTorch files: torchvision's backbone and the `lpips` package's heads."""

import functools
from collections.abc import Mapping

import numpy as np
from flax import nnx

import torch_bridge
from lpips_flax.lpips import LPIPS, Net

LAYOUT = torch_bridge.TorchLayout(torch_bridge.conv_and_linear_axes, ignored=(r"classifier\..*",))
"""The backbones' classifiers are not part of LPIPS."""


def make(net: Net) -> LPIPS:
    """Make an untrained LPIPS on the backbone `net`."""
    return LPIPS(net, rngs=nnx.Rngs(0))


def target_shapes(net: Net) -> dict[str, tuple[int, ...]]:
    """Return dotted path → shape for all arrays of the network, in our layout."""
    return torch_bridge.module_shapes(functools.partial(make, net))


def account(
    backbone_state: Mapping[str, np.ndarray], lin_state: Mapping[str, np.ndarray], net: Net
) -> list[torch_bridge.Row]:
    """Return the status of each key of the two state dicts: read, missing, unexpected, ..."""
    return torch_bridge.account({**backbone_state, **lin_state}, target_shapes(net), LAYOUT)


def from_torch(
    backbone_state: Mapping[str, np.ndarray], lin_state: Mapping[str, np.ndarray], net: Net = "vgg"
) -> LPIPS:
    """Build LPIPS from the two released state dicts; for bundled heads see `heads`.

    Args:
      backbone_state: torchvision's `vgg16`, `alexnet` or `squeezenet1_1` (`features.N.weight`, ...).
      lin_state: the `lpips` package's `weights/v0.1/<net>.pth` (`lin0.model.1.weight`, ...).
      net: the backbone.

    Raises:
      ValueError: if `net` is unknown.
      torch_bridge.StateDictError: if a key is missing or unexpected, or its array has a wrong shape or is not
        finite.
    """
    arrays = torch_bridge.from_torch({**backbone_state, **lin_state}, target_shapes(net), LAYOUT)
    return torch_bridge.module_from_arrays(functools.partial(make, net), arrays)


def to_torch(module: LPIPS) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return (backbone_state, lin_state) without the unused classifier: the inverse of `from_torch`."""
    state = torch_bridge.to_torch(torch_bridge.module_arrays(module), LAYOUT)
    backbone = {name: array for name, array in state.items() if name.startswith("features.")}
    return backbone, {name: array for name, array in state.items() if name not in backbone}
