"""Apply a compiled function to many rows in batches of one size, so that it is compiled only once.

The last batch is filled up with copies of the last row; their results are dropped. `N` rows.
"""

from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np

Pytree = Any


def batches(function: Callable[..., Pytree], batch: int, *arrays: Any) -> Iterator[Pytree]:
    """Yield the results of one batch of rows after the other.

    Args:
      function: takes one array `[batch, ...]` for each of `arrays`; returns a pytree of arrays `[batch,
        ...]`.
      batch: rows per call.
      arrays: `[N, ...]` each, NumPy's or JAX's. `np.arange(N)` gives the function the numbers of the rows.

    Yields:
      The function's results as NumPy arrays `[M, ...]`; `M` is `batch`, and in the last batch what is left.
    """
    count = len(arrays[0])
    for start in range(0, count, batch):
        index = np.minimum(np.arange(start, start + batch), count - 1)
        results = function(*(x[index] for x in arrays))
        yield jax.tree.map(lambda x, n=count - start: np.asarray(x[:n]), results)


def in_batches(function: Callable[..., Pytree], batch: int, *arrays: Any) -> Pytree:
    """Return the results of all rows, as `batches` computes them.

    Args:
      function: see `batches`.
      batch: rows per call.
      arrays: `[N, ...]` each, N at least 1.

    Returns:
      The function's pytree with NumPy arrays `[N, ...]`.
    """
    parts = list(batches(function, batch, *arrays))
    return jax.tree.map(lambda *arrays: np.concatenate(arrays), *parts)
