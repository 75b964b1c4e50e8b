"""Adapters for the official code: what it can compute, and the whole state dict that it loads."""

import numpy as np

import eg3d_flax
from legato_flax.config import AdaptersConfig
from legato_flax.generator import AdaptedGenerator
from legato_flax.torch_names import official_name, to_torch

_HIDDEN, _END, _STEP = 256, 1.6, 0.4
"""Constants in the official code."""


def complete_state_dict(generator: AdaptedGenerator) -> dict[str, np.ndarray]:
    """Return all entries with official names, in PyTorch's layout; it loads with `strict=True`.

    Besides generator and adapters, these are the adapter of b4 and two layers of super-resolution, which the
    official code has but never calls.

    Raises:
      ValueError: if the official code would compute something else.
    """
    if isinstance(generator.generator, AdaptedGenerator):
        raise ValueError("the official code has one adapter in a block, and this generator has several")
    config = generator.adapters.config
    check_official(config)
    state_dict = eg3d_flax.to_torch(generator.generator) | to_torch(generator.adapters)
    if "b4" not in config.blocks:
        state_dict |= _unused_adapter(generator.backbone.synthesis.blocks["b4"].conv1.weight.shape[-1])
    for block in ("block0", "block1") if generator.superresolution is not None else ():
        channels = len(state_dict[f"superresolution.{block}.conv1.bias"])
        layer = f"superresolution.{block}.unlearn.unlear.0"
        state_dict[f"{layer}.weight"] = np.ones((channels, channels, 1, 1), np.float32)
        state_dict[f"{layer}.bias"] = np.zeros(channels, np.float32)
    return state_dict


def check_official(config: AdaptersConfig) -> None:
    """Check that the official code computes adapters of these sizes and times as we do.

    Raises:
      ValueError: if it has other constants.
    """
    if "b4" in config.applied:
        raise ValueError("these adapters act at 4x4, where the official code never applies one")
    for what, ours, theirs in (
        ("hidden width", config.hidden, _HIDDEN),
        ("end time", config.end, _END),
        ("step", config.step, _STEP),
    ):
        if ours != theirs:
            raise ValueError(f"these adapters have {what} {ours:g}, and the official code {theirs:g}")


def _unused_adapter(channels: int) -> dict[str, np.ndarray]:
    shapes = {
        "to_hidden.weight": (_HIDDEN, channels, 1, 1),
        "to_hidden.bias": (_HIDDEN,),
        "from_hidden.weight": (channels, _HIDDEN, 1, 1),
        "from_hidden.bias": (channels,),
    }
    return {official_name(f"b4.{name}"): np.zeros(shape, np.float32) for name, shape in shapes.items()}
