"""Convert the weights of FID's network from and to PyTorch's state dict."""

from collections.abc import Mapping

import numpy as np
from flax import nnx

import torch_bridge
from inception_flax.network import InceptionV3

LAYOUT = torch_bridge.TorchLayout(
    torch_bridge.conv_and_linear_axes, ignored=(r".*\.num_batches_tracked", r"fc\.(weight|bias)")
)
"""The classifier `fc` and the batch counters are not used."""


def make() -> InceptionV3:
    """Make an untrained network."""
    return InceptionV3(rngs=nnx.Rngs(0))


def target_shapes() -> dict[str, tuple[int, ...]]:
    """Return dotted path → shape for all arrays of the network, in our layout."""
    return torch_bridge.module_shapes(make)


def account(state_dict: Mapping[str, np.ndarray]) -> list[torch_bridge.Row]:
    """Return the status of each key of `state_dict`: read, missing, unexpected, ..."""
    return torch_bridge.account(state_dict, target_shapes(), LAYOUT)


def from_torch(state_dict: Mapping[str, np.ndarray]) -> InceptionV3:
    """Build the network from the contents of `pt_inception-2015-12-05-6726825d.pth`.

    Raises:
      torch_bridge.StateDictError: if a key is missing or unexpected, or its array has a wrong shape or is not
        finite.
    """
    arrays = torch_bridge.from_torch(state_dict, target_shapes(), LAYOUT)
    return torch_bridge.module_from_arrays(make, arrays)


def to_torch(module: InceptionV3) -> dict[str, np.ndarray]:
    """Return the state dict without classifier and batch counters: the inverse of `from_torch`."""
    return torch_bridge.to_torch(torch_bridge.module_arrays(module), LAYOUT)
