"""Apply a compiled function to many rows in batches of one size, so that it is compiled only once.

The last batch is filled up with copies of the last row; their results are dropped. `N` rows.
"""

from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np

Pytree = Any


def batches(function: Callable[[np.ndarray], Pytree], count: int, batch: int) -> Iterator[Pytree]:
    """Yield a function's results for one batch of rows after the other.

    Args:
      function: takes the numbers of rows, `[batch]`; returns a pytree of arrays `[batch, ...]`.
      count: number of rows, `N`.
      batch: rows per call.

    Yields:
      The results as NumPy arrays `[batch, ...]`; the last ones have the rows that are left.
    """
    for start in range(0, count, batch):
        results = function(np.minimum(np.arange(start, start + batch), count - 1))
        yield jax.tree.map(lambda x, n=count - start: np.asarray(x)[:n], results)


def in_batches(function: Callable[..., Pytree], batch: int, *arrays: Any) -> Pytree:
    """Return a function's results for all rows of some arrays.

    Args:
      function: takes one array `[batch, ...]` for each of `arrays`; returns a pytree of arrays `[batch,
        ...]`.
      batch: rows per call.
      arrays: `[N, ...]` each, NumPy's or JAX's, N at least 1.

    Returns:
      The results as NumPy arrays `[N, ...]`.
    """
    parts = list(batches(lambda rows: function(*(x[rows] for x in arrays)), len(arrays[0]), batch))
    return jax.tree.map(lambda *results: np.concatenate(results), *parts)
