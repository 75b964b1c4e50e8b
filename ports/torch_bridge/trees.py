"""Find a flat state dict in the tree of a file."""

import itertools
from typing import Any

import numpy as np

from torch_bridge.errors import CheckpointError, printable
from torch_bridge.numpy_records import ArrayRecord
from torch_bridge.records import Instance, Tensor

_DEPTH_LIMIT = 64
_MODULE_LIMIT = 100_000
_VALUE_LIMIT = 1_000_000

_AVERAGED = ("G_ema", "g_ema", "ema", "params_ema", "model_ema", "state_dict_ema")
_WRAPPERS = (
    *_AVERAGED,
    *("state_dict", "model_state_dict", "model", "net", "network", "module", "generator", "encoder"),
    "params",
)
"""Usual keys around a network. The running average of weights comes first because it is what is released."""

_WRAPPING_MODULES = ("module", "_orig_mod")
"""Names of the network inside DataParallel and torch.compile; none of our networks has such a part."""


def _as_array(value: Any) -> np.ndarray | None:
    if isinstance(value, np.ndarray):
        return value
    return value.array() if isinstance(value, Tensor | ArrayRecord) else None


def as_array(tree: Any) -> np.ndarray:
    """Return the array of a file with a single tensor.

    Raises:
      CheckpointError: if the file holds something else.
    """
    array = _as_array(tree)
    if array is None:
        raise CheckpointError(f"holds a {_described(tree)} where a single tensor is expected")
    return array


def flat_state_dict(tree: Any) -> dict[str, np.ndarray]:
    """Return name → array, in PyTorch's order.

    Args:
      tree: a dict of tensors, or an inert network (an `Instance`). Parameters and persistent buffers of a
        network are collected as in `torch.nn.Module.state_dict`.

    Raises:
      CheckpointError: if `tree` is something else.
    """
    if isinstance(tree, Instance):
        return _Collector().collect(tree)
    if not isinstance(tree, dict) or not tree:
        raise CheckpointError(f"holds a {_described(tree)} where a state dict is expected")
    if tree.keys() <= {"state", "param_groups"}:
        raise CheckpointError("holds the state of an optimiser, not a network's weights")
    arrays = {}
    for name, value in tree.items():
        array = _as_array(value)
        if not isinstance(name, str) or array is None:
            raise CheckpointError(
                f"entry {printable(name)} of its state dict is a {_described(value)}, not a tensor"
            )
        arrays[name] = array
    return arrays


def unwrapped(tree: Any) -> Any:
    """Return the innermost dict or network of a tree.

    Usual keys of dicts such as "state_dict" and "params_ema" are removed; a running average of the weights is
    preferred to the weights themselves. The modules of DataParallel and torch.compile are removed, too.
    """
    for _ in range(_DEPTH_LIMIT):
        if isinstance(tree, dict):
            key = next((key for key in _WRAPPERS if isinstance(tree.get(key), dict | Instance)), None)
            inner = None if key is None else tree[key]
        else:
            inner = _wrapped_module(tree)
        if inner is None:
            break
        tree = inner
    return tree


def _wrapped_module(tree: Any) -> Instance | None:
    """Return the network inside a module that only wraps it; None for other trees."""
    members = tree.attribute("_modules") if isinstance(tree, Instance) else None
    if not isinstance(members, dict) or len(members) != 1:
        return None
    name, module = next(iter(members.items()))
    return module if name in _WRAPPING_MODULES and isinstance(module, Instance) else None


def find_state_dict(tree: Any) -> dict[str, np.ndarray]:
    """Return the state dict of a tree, see `unwrapped`; wrappers are removed from its names, too.

    Raises:
      CheckpointError: if the tree has no state dict.
    """
    arrays = flat_state_dict(unwrapped(tree))
    renamed = {_without_wrappers(name): array for name, array in arrays.items()}
    if len(renamed) < len(arrays):
        raise CheckpointError("two entries of its state dict differ only by module. or _orig_mod.")
    heads = {name.partition(".")[0] for name in renamed}
    if len(heads) == 1 and heads <= set(_WRAPPERS) and all("." in name for name in renamed):
        return {name.partition(".")[2]: array for name, array in renamed.items()}
    return renamed


def _without_wrappers(name: str) -> str:
    return ".".join(part for part in name.split(".") if part not in _WRAPPING_MODULES)


def _described(value: Any) -> str:
    if isinstance(value, Instance):
        return printable(value.class_name)
    if isinstance(value, dict):
        keys = ", ".join(printable(key, 30) for key in list(value)[:5])
        return f"dict with keys {keys}" if value else "dict without entries"
    return type(value).__name__


def _members(module: Instance, group: str) -> dict[str, Any]:
    members = module.attribute(group) or {}
    valid = isinstance(members, dict) and all(type(name) is str and len(name) < 256 for name in members)
    if not valid:
        raise CheckpointError(f"{group} of its {printable(module.class_name)} is malformed")
    return members


def plain(tree: Any) -> Any:
    """Return the same dicts, lists and tuples with NumPy arrays instead of tensors.

    Raises:
      CheckpointError: if the tree is nested too deeply, has too many entries, or holds an instance of a
        class.
    """
    visits = itertools.count()

    def copied(value: Any, depth: int) -> Any:
        if depth > _DEPTH_LIMIT or next(visits) > _VALUE_LIMIT:
            raise CheckpointError(f"has over {_VALUE_LIMIT} entries or nests them over {_DEPTH_LIMIT} deep")
        if isinstance(value, dict):
            return {key: copied(inner, depth + 1) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(copied(inner, depth + 1) for inner in value)
        if value is None or isinstance(value, bool | int | float | str | bytes):
            return value
        array = _as_array(value)
        if array is None:
            raise CheckpointError(f"holds a {_described(value)}, which is not plain data")
        return array

    return copied(tree, 0)


class _Collector:
    """Walks a tree of modules, with limits: modules can be repeated, so a small file can be huge."""

    def __init__(self):
        self.arrays: dict[str, np.ndarray] = {}
        self._visits = 0

    def collect(self, module: Instance, prefix: str = "", depth: int = 0) -> dict[str, np.ndarray]:
        """Add the tensors of a module and of all modules in it; return all tensors so far."""
        self._visits += 1
        if depth > _DEPTH_LIMIT or self._visits > _MODULE_LIMIT:
            raise CheckpointError(
                f"its network has over {_MODULE_LIMIT} modules or nests them over {_DEPTH_LIMIT} deep"
            )
        if "_modules" not in (module.state if isinstance(module.state, dict) else {}):
            raise CheckpointError(f"its {printable(module.class_name)} is not a network")
        transient = module.attribute("_non_persistent_buffers_set") or ()
        for name, value in _members(module, "_parameters").items():
            self._add(prefix + name, value)
        for name, value in _members(module, "_buffers").items():
            if name not in transient:
                self._add(prefix + name, value)
        for name, child in _members(module, "_modules").items():
            if isinstance(child, Instance):
                self.collect(child, f"{prefix}{name}.", depth + 1)
            elif child is not None:
                raise CheckpointError(f"{printable(prefix + name)} is a {_described(child)}, not a module")
        return self.arrays

    def _add(self, name: str, value: Any) -> None:
        if value is None:
            return
        array = _as_array(value)
        if array is None:
            raise CheckpointError(f"{printable(name)} is a {_described(value)}, not a tensor")
        self.arrays[name] = array
