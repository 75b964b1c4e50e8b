"""Fix the JAX settings that random draws depend on; all other settings stay the user's."""

import contextlib
from collections.abc import Iterator

import jax


@contextlib.contextmanager
def pinned_settings() -> Iterator[None]:
    """Compute under JAX's default settings, so that draws follow from seeds and shapes alone.

    It is a context, and a decorator of the public functions. It holds for this thread until the context ends,
    also in the callbacks of a run. A decorated function must not yield: its body would run outside.

    Other settings stay the user's, such as the precision of products or the search for NaN: they round
    otherwise or stop, but draw nothing else.
    """
    with (
        jax.enable_x64(False),
        jax.default_prng_impl("threefry2x32"),
        jax.threefry_partitionable(True),
        jax.numpy_rank_promotion("allow"),
        jax.numpy_dtype_promotion("standard"),
    ):
        yield


def matmul_precision() -> str | None:
    """Return the user's precision of products, `jax_default_matmul_precision`; None if nobody set it."""
    return jax.config.jax_default_matmul_precision  # type: ignore[attr-defined]
