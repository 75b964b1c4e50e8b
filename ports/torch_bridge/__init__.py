"""Read, write and convert PyTorch files and state dicts without PyTorch."""

from torch_bridge.atomic import leftover_of, remove_leftovers, replacing
from torch_bridge.errors import CheckpointError, RefusedGlobalError, naming_file
from torch_bridge.modules import module_arrays, module_from_arrays, module_shapes
from torch_bridge.opening import open_regular
from torch_bridge.persistence import PersistentNetwork, persistent_network
from torch_bridge.read import CheckpointFile, read_contents, read_file, read_pickle_bytes
from torch_bridge.safetensors_file import write_safetensors
from torch_bridge.state_dict import (
    Row,
    StateDictError,
    TorchLayout,
    account,
    conv_and_linear_axes,
    from_torch,
    problems,
    to_torch,
)
from torch_bridge.torch_writer import write_torch
from torch_bridge.trees import as_array, find_state_dict, flat_state_dict, plain

__all__ = [
    "CheckpointError",
    "CheckpointFile",
    "PersistentNetwork",
    "RefusedGlobalError",
    "Row",
    "StateDictError",
    "TorchLayout",
    "account",
    "as_array",
    "conv_and_linear_axes",
    "find_state_dict",
    "flat_state_dict",
    "from_torch",
    "leftover_of",
    "module_arrays",
    "module_from_arrays",
    "module_shapes",
    "naming_file",
    "open_regular",
    "persistent_network",
    "plain",
    "problems",
    "read_contents",
    "read_file",
    "read_pickle_bytes",
    "remove_leftovers",
    "replacing",
    "to_torch",
    "write_safetensors",
    "write_torch",
]
