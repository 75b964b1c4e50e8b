"""Draw random numbers that do not depend on batches."""

from collections.abc import Callable

import jax
import jax.numpy as jnp


def check_typed(key: jax.Array) -> None:
    """Refuse keys of the old kind: two of them look like a batch of two.

    Raises:
      ValueError: saying how keys are made.
    """
    if not isinstance(key, jax.Array) or not jnp.issubdtype(key.dtype, jax.dtypes.prng_key):
        raise ValueError(
            "a random key must be typed, such as jax.random.key(0); jax.random.wrap_key_data makes one of a "
            "jax.random.PRNGKey"
        )


def folded(key: jax.Array, number: int) -> jax.Array:
    """Fold a number into one typed key, or into each of several.

    Raises:
      ValueError: if a key is not typed.
    """
    check_typed(key)
    fold_in = jax.vmap(jax.random.fold_in, (0, None)) if key.ndim else jax.random.fold_in
    return fold_in(key, number)


def per_sample(
    draw: Callable[..., jax.Array], key: jax.Array, batch: int, shape: tuple[int, ...], *, fold: int = 0
) -> jax.Array:
    """Draw `[batch, *shape]` so that each row depends on its own key only.

    This holds for keys of threefry2x32, JAX's default: a row of keys of "rbg" depends on the whole batch.

    Args:
      draw: for example `jax.random.normal`.
      key: one key, from which a key for each row is derived; or `batch` keys, so that the numbers do not
        depend on how rows are spread over devices.
      batch: number of rows.
      shape: of one row.
      fold: folded into every key, to draw several independent arrays with the same keys.

    Raises:
      ValueError: if there is not one typed key, or `batch` of them.
    """
    check_typed(key)
    keys = jax.random.split(key, batch) if key.ndim == 0 else key
    if keys.shape != (batch,):
        raise ValueError(f"expected one typed key or {batch} typed keys, not an array of shape {keys.shape}")
    return jax.vmap(lambda k: draw(jax.random.fold_in(k, fold), shape))(keys)
