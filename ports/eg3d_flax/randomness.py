"""Draws that do not depend on how samples are batched."""

from collections.abc import Callable

import jax


def per_sample(
    draw: Callable[..., jax.Array], key: jax.Array, batch: int, shape: tuple[int, ...], *, fold: int = 0
) -> jax.Array:
    """Draw `[batch, *shape]` so that each sample depends on its own key only.

    Args:
      draw: for example `jax.random.normal`.
      key: one key, from which one is derived for each sample by its index; or `batch` keys, one a sample,
        so that samples spread over devices in any way draw the same numbers.
      batch: number of samples.
      shape: of one sample.
      fold: folded into every key, to draw several independent arrays from the same ones.
    """
    keys = jax.random.split(key, batch) if jax.numpy.ndim(key) == 0 else key
    if keys.shape != (batch,):
        raise ValueError(f"expected one typed key or {batch} of them, got shape {keys.shape}")
    return jax.vmap(lambda k: draw(jax.random.fold_in(k, fold), shape))(keys)
