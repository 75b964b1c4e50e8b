"""Networks that NVIDIA's code base pickles together with their source code, read for their numbers only."""

import dataclasses
from typing import Any

import numpy as np

from torch_bridge.errors import CheckpointError, printable
from torch_bridge.records import Instance
from torch_bridge.trees import find_state_dict, unwrapped


@dataclasses.dataclass(frozen=True)
class PersistentNetwork:
    """What a pickled network says about itself.

    Attributes:
      class_name: such as "TriPlaneGenerator".
      init_args: positional arguments of its constructor.
      init_kwargs: keyword arguments of its constructor.
      attributes: everything else in its `__dict__`, as inert data.
      state_dict: PyTorch's names → arrays in PyTorch's layout.
    """

    class_name: str
    init_args: tuple[Any, ...]
    init_kwargs: dict[str, Any]
    attributes: dict[str, Any]
    state_dict: dict[str, np.ndarray]


def persistent_network(tree: Any) -> PersistentNetwork | None:
    """The network that a network pickle holds as `G_ema`, or that was saved whole in another way.

    Args:
      tree: what was read; see `trees.unwrapped` for what is taken off.

    Returns:
      None if it holds no network with its settings, such as a state dict.

    Raises:
      CheckpointError: if the pickle holds networks, but no generator, or the network is malformed.
    """
    network = unwrapped(tree)
    if not isinstance(network, Instance):
        if isinstance(network, dict) and any(isinstance(value, Instance) for value in network.values()):
            found = ", ".join(printable(name, 30) for name in list(network)[:8])
            raise CheckpointError(f"holds no network G_ema (found: {found})")
        return None
    arrays = find_state_dict(network)
    init_args, init_kwargs = network.attribute("_init_args") or (), network.attribute("_init_kwargs") or {}
    if not isinstance(init_args, tuple | list) or not isinstance(init_kwargs, dict):
        raise CheckpointError("the constructor arguments of its network are malformed")
    return PersistentNetwork(network.class_name, tuple(init_args), init_kwargs, network.state, arrays)
