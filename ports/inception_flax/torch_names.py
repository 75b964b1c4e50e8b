"""Weights of the FID network to and from PyTorch's state dict."""

from collections.abc import Mapping

import numpy as np
from flax import nnx

import torch_bridge
from inception_flax.network import InceptionV3

LAYOUT = torch_bridge.TorchLayout(
    torch_bridge.conv_and_linear_axes, ignored=(r".*\.num_batches_tracked", r"fc\.(weight|bias)")
)
"""The classifier `fc` is not used for features."""


def make() -> InceptionV3:
    """An untrained network."""
    return InceptionV3(rngs=nnx.Rngs(0))


def target_shapes() -> dict[str, tuple[int, ...]]:
    """Dotted path → shape of every array of the network, in our layout."""
    return torch_bridge.module_shapes(make)


def account(state_dict: Mapping[str, np.ndarray]) -> list[torch_bridge.Row]:
    """What becomes of each key of `state_dict`."""
    return torch_bridge.account(state_dict, target_shapes(), LAYOUT)


def from_torch(state_dict: Mapping[str, np.ndarray]) -> InceptionV3:
    """Build the network from the contents of `pt_inception-2015-12-05-6726825d.pth`.

    Raises:
      torch_bridge.StateDictError: if a key is missing, unexpected, of the wrong shape or not finite.
    """
    arrays = torch_bridge.from_torch(state_dict, target_shapes(), LAYOUT)
    return torch_bridge.module_from_arrays(make, arrays)


def to_torch(module: InceptionV3) -> dict[str, np.ndarray]:
    """The inverse of `from_torch`, without the unused classifier and the batch counters."""
    return torch_bridge.to_torch(torch_bridge.module_arrays(module), LAYOUT)
