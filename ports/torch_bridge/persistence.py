"""Read the numbers of networks that NVIDIA's code pickles together with their source code."""

import dataclasses
from typing import Any

import numpy as np

from torch_bridge.errors import CheckpointError, printable
from torch_bridge.records import Instance
from torch_bridge.trees import find_state_dict, unwrapped


@dataclasses.dataclass(frozen=True)
class PersistentNetwork:
    """A pickled network as plain data.

    Attributes:
      class_name: name of its class, such as "TriPlaneGenerator".
      init_args: positional arguments of its constructor.
      init_kwargs: keyword arguments of its constructor.
      attributes: its `__dict__` as inert data.
      state_dict: PyTorch's names → arrays in PyTorch's layout.
    """

    class_name: str
    init_args: tuple[Any, ...]
    init_kwargs: dict[str, Any]
    attributes: dict[str, Any]
    state_dict: dict[str, np.ndarray]


def persistent_network(tree: Any) -> PersistentNetwork | None:
    """Return the network that a file holds as `G_ema`, or as a whole.

    Args:
      tree: contents of the file; wrappers are removed as in `trees.unwrapped`.

    Returns:
      None if the file holds no network with settings, for example only a state dict.

    Raises:
      CheckpointError: if the pickle holds networks but no generator, or the network is malformed.
    """
    network = unwrapped(tree)
    if not isinstance(network, Instance):
        if isinstance(network, dict) and any(isinstance(value, Instance) for value in network.values()):
            names = ", ".join(printable(name, 30) for name in list(network)[:8])
            raise CheckpointError(f"holds no network G_ema (it holds: {names})")
        return None
    arrays = find_state_dict(network)
    init_args, init_kwargs = network.attribute("_init_args") or (), network.attribute("_init_kwargs") or {}
    if not isinstance(init_args, tuple | list) or not isinstance(init_kwargs, dict):
        raise CheckpointError("the constructor arguments of its network are malformed")
    return PersistentNetwork(network.class_name, tuple(init_args), init_kwargs, network.state, arrays)
