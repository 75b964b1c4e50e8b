"""Convert a generator from and to the official state dict."""

import functools
from collections.abc import Mapping

import numpy as np
from flax import nnx

import torch_bridge
from eg3d_flax.config import GeneratorConfig
from eg3d_flax.generator import TriPlaneGenerator
from eg3d_flax.layers import SynthesisLayer
from eg3d_flax.resample import RESAMPLE_FILTER
from eg3d_flax.superresolution import Superresolution
from eg3d_flax.synthesis import SynthesisBlock
from torch_bridge import TorchLayout, conv_and_linear_axes


def _axes(name: str, ndim: int) -> tuple[int, ...]:
    if name.rsplit(".", 1)[-1] == "const":  # the learned input, [C, 4, 4]
        return (1, 2, 0)
    return conv_and_linear_axes(name, ndim)


LAYOUT = TorchLayout(
    _axes,
    # Filters are constants of the architecture; label statistics are used in training only.
    ignored=(r"(.*\.)?resample_filter", r"dataset_label_std"),
)


def make(config: GeneratorConfig) -> TriPlaneGenerator:
    return TriPlaneGenerator(config, rngs=nnx.Rngs(0))


def target_shapes(config: GeneratorConfig) -> dict[str, tuple[int, ...]]:
    """Return dotted path → shape for all arrays of the generator, in our layout."""
    return torch_bridge.module_shapes(functools.partial(make, config))


def account(state_dict: Mapping[str, np.ndarray], config: GeneratorConfig) -> list[torch_bridge.Row]:
    """Return the status of each key of `state_dict` for this config: read, missing, unexpected, ..."""
    return torch_bridge.account(state_dict, target_shapes(config), LAYOUT)


def from_torch(state_dict: Mapping[str, np.ndarray], config: GeneratorConfig) -> TriPlaneGenerator:
    """Build the generator from the official state dict.

    Args:
      state_dict: name → array in PyTorch's layout, as returned by `read_checkpoint`.
      config: the generator's config.

    Raises:
      torch_bridge.StateDictError: if a key is missing or unexpected, or its array has a wrong shape or is not
        finite.
    """
    arrays = torch_bridge.from_torch(state_dict, target_shapes(config), LAYOUT)
    return torch_bridge.module_from_arrays(functools.partial(make, config), arrays)


def _resample_filters(generator: TriPlaneGenerator) -> dict[str, np.ndarray]:
    """Return the constant filters that official modules register as buffers."""
    names = []
    for path, module in nnx.iter_modules(generator):
        # The 8XDC super-resolution module is the only one without its own filter.
        top_level = isinstance(module, Superresolution) and module.config.superresolution_module != "8XDC"
        if isinstance(module, SynthesisBlock | SynthesisLayer) or top_level:
            names.append(".".join([*map(str, path), "resample_filter"]))
    return {name: RESAMPLE_FILTER.copy() for name in names}


def to_torch(generator: TriPlaneGenerator) -> dict[str, np.ndarray]:
    """Return the generator's complete state dict with official names, in PyTorch's layout, float32.

    The official code loads it with `strict=True`.
    """
    arrays = torch_bridge.to_torch(torch_bridge.module_arrays(generator), LAYOUT)
    return {**arrays, **_resample_filters(generator)}
