"""Networks that NVIDIA's code base pickles together with their source code, read for their numbers only."""

import dataclasses
from typing import Any

import numpy as np

from torch_bridge.errors import CheckpointError, printable
from torch_bridge.records import Instance
from torch_bridge.trees import flat_state_dict


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


def persistent_network(tree: Any, key: str = "G_ema") -> PersistentNetwork:
    """The network called `key` in the dict that a network pickle holds.

    Raises:
      CheckpointError: if the pickle does not hold it.
    """
    if not isinstance(tree, dict) or not isinstance(tree.get(key), Instance):
        found = (
            ", ".join(printable(name, 30) for name in list(tree)[:8]) if isinstance(tree, dict) else "no dict"
        )
        raise CheckpointError(f"holds no network {key} (found: {found or 'nothing'})")
    network: Instance = tree[key]
    arrays = flat_state_dict(network)
    init_args, init_kwargs = network.attribute("_init_args") or (), network.attribute("_init_kwargs") or {}
    if not isinstance(init_args, tuple | list) or not isinstance(init_kwargs, dict):
        raise CheckpointError(f"the constructor arguments of its {key} are malformed")
    return PersistentNetwork(network.class_name, tuple(init_args), init_kwargs, network.state, arrays)
