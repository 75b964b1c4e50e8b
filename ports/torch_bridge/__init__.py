"""PyTorch files and state dicts without PyTorch."""

from torch_bridge.modules import module_arrays, module_from_arrays, module_shapes
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

__all__ = [
    "Row",
    "StateDictError",
    "TorchLayout",
    "account",
    "conv_and_linear_axes",
    "from_torch",
    "module_arrays",
    "module_from_arrays",
    "module_shapes",
    "problems",
    "to_torch",
]
