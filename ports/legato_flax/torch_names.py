"""Convert adapters from and to the entries that the official code adds to a generator's state dict."""

import functools
import re
from collections.abc import Mapping

import numpy as np
from flax import nnx

import torch_bridge
from legato_flax.adapters import Adapters
from legato_flax.config import AdaptersConfig
from torch_bridge import TorchLayout, conv_and_linear_axes

LAYOUT = TorchLayout(
    conv_and_linear_axes,
    # Layers that the official code adds to blocks and never calls.
    ignored=(r"(.*\.)?unlearn\.unlear\.0\.(weight|bias)",),
)
_BLOCKS = "backbone.synthesis."
_WITHIN = ".ode_block.odefunc.unlearn.unlearn."
_LAYERS = {"to_hidden": "0", "from_hidden": "2"}
_OURS = re.compile(r"(b\d+)\.(to_hidden|from_hidden)\.(weight|bias)")
_THEIRS = re.compile(
    r"(?:backbone\.synthesis\.)?(b\d+)\.ode_block\.odefunc\.unlearn\.unlearn\.([02])\.(weight|bias)"
)


def official_name(name: str) -> str:
    """Return the official name of one of our arrays, such as "b8.to_hidden.weight"."""
    match = _OURS.fullmatch(name)
    assert match is not None, name
    block, layer, leaf = match.groups()
    return f"{_BLOCKS}{block}{_WITHIN}{_LAYERS[layer]}.{leaf}"


def is_official(name: str) -> bool:
    """Return True for the official name of an adapter's array, with or without "backbone.synthesis."."""
    return _THEIRS.fullmatch(name) is not None


def without_adapters(state_dict: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the entries of the generator itself, without those that the official code adds to it."""
    return {
        name: array
        for name, array in state_dict.items()
        if not is_official(name) and not LAYOUT.ignores(name)
    }


def our_name(name: str) -> str:
    """Return our name of an array with an official name."""
    match = _THEIRS.fullmatch(name)
    assert match is not None, name
    block, layer, leaf = match.groups()
    return f"{block}.{'to_hidden' if layer == '0' else 'from_hidden'}.{leaf}"


def make(config: AdaptersConfig) -> Adapters:
    """Make untrained adapters."""
    return Adapters(config, rngs=nnx.Rngs(0))


def _targets(config: AdaptersConfig) -> dict[str, tuple[int, ...]]:
    shapes = torch_bridge.module_shapes(functools.partial(make, config))
    return {official_name(name): shape for name, shape in shapes.items()}


def account(state_dict: Mapping[str, np.ndarray], config: AdaptersConfig) -> list[torch_bridge.Row]:
    """Return the status of each key of `state_dict` for adapters of this config: read, missing, ..."""
    return torch_bridge.account(state_dict, _targets(config), LAYOUT)


def from_torch(state_dict: Mapping[str, np.ndarray], config: AdaptersConfig) -> Adapters:
    """Build adapters from the entries of an official state dict.

    Args:
      state_dict: official name → array in PyTorch's layout, of the adapters alone.
      config: sizes and times of the adapters.

    Raises:
      torch_bridge.StateDictError: if a key is missing or unexpected, or its array has a wrong shape or is not
        finite.
    """
    arrays = torch_bridge.from_torch(state_dict, _targets(config), LAYOUT)
    return torch_bridge.module_from_arrays(
        functools.partial(make, config), {our_name(name): array for name, array in arrays.items()}
    )


def to_torch(adapters: Adapters) -> dict[str, np.ndarray]:
    """Return the entries with official names, in PyTorch's layout: the inverse of `from_torch`."""
    arrays = {official_name(name): array for name, array in torch_bridge.module_arrays(adapters).items()}
    return torch_bridge.to_torch(arrays, LAYOUT)


def infer_config(state_dict: Mapping[str, np.ndarray]) -> AdaptersConfig:
    """Return the config of adapters without one, from the shapes; times are those of the official code.

    The official code stores an adapter for b4 and never applies it.

    Raises:
      ValueError: if these are not the entries of adapters.
    """
    weights = {
        our_name(name).partition(".")[0]: array.shape
        for name, array in state_dict.items()
        if is_official(name) and our_name(name).endswith("to_hidden.weight")
    }
    if not weights or any(len(shape) != 4 for shape in weights.values()):
        raise ValueError("holds no weights of adapters")
    side = max(int(block[1:]) for block in weights)
    sides = [4 << i for i in range(side.bit_length()) if 4 << i <= side]
    if not {f"b{each}" for each in sides} >= weights.keys():
        raise ValueError(f"has adapters for blocks that no generator has: {', '.join(sorted(weights))}")
    channels = tuple(int(weights.get(f"b{each}", (0, 0))[1]) for each in sides)
    hidden = int(next(iter(weights.values()))[0])
    return AdaptersConfig(channels, hidden, inert_first="b4" in weights)
