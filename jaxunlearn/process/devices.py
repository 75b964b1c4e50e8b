"""The device that computes where no mesh says otherwise."""

from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.backend import backends


def default_device() -> Any:
    """Return the device of new arrays: JAX's first, or that of `jax.default_device`."""
    (device,) = jnp.zeros(()).devices()
    return device


def default_platform() -> str:
    """Return the platform of the default device: "cpu", "gpu" or "tpu"; see `eg3d_flax.Compute`."""
    return default_device().platform


def on_cpu() -> Any:
    """Return a context in which new arrays are on the CPU, and functions of them run there.

    A function that runs once takes less time on a CPU than its compilation for a GPU, which tries many
    forms. Where JAX has no CPU devices (`JAX_PLATFORMS=cuda`), the default device stays.
    """
    return jax.default_device(jax.local_devices(backend="cpu")[0] if "cpu" in backends() else None)
