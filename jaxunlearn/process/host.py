"""Compute on the host what runs only once."""

from typing import Any

import jax
from jax.extend.backend import backends


def on_cpu() -> Any:
    """Return a context in which new arrays are on the CPU, and functions of them run there.

    A function that runs once takes less time on a CPU than its compilation for a GPU, which tries many
    forms. Where JAX has no CPU devices (`JAX_PLATFORMS=cuda`), the default device stays.
    """
    return jax.default_device(jax.local_devices(backend="cpu")[0] if "cpu" in backends() else None)
