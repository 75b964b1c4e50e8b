"""Draw random numbers that do not depend on batches."""

from collections.abc import Callable

import jax


def per_sample(
    draw: Callable[..., jax.Array], key: jax.Array, batch: int, shape: tuple[int, ...], *, fold: int = 0
) -> jax.Array:
    """Draw `[batch, *shape]` so that each row depends on its own key only.

    Args:
      draw: for example `jax.random.normal`.
      key: one key, from which a key for each row is derived; or `batch` keys, so that the numbers do not
        depend on how rows are spread over devices.
      batch: number of rows.
      shape: of one row.
      fold: folded into every key, to draw several independent arrays with the same keys.
    """
    keys = jax.random.split(key, batch) if jax.numpy.ndim(key) == 0 else key
    if keys.shape != (batch,):
        raise ValueError(f"expected one typed key or {batch} typed keys, not an array of shape {keys.shape}")
    return jax.vmap(lambda k: draw(jax.random.fold_in(k, fold), shape))(keys)
