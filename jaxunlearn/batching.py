"""A function over many rows, some at a time, compiled once for one size of batch."""

from collections.abc import Callable

import jax
import numpy as np


def in_batches(function: Callable[..., jax.Array], batch: int, *arrays: np.ndarray) -> np.ndarray:
    """Results `[N, ...]` of a function of rows, called with `batch` rows at a time.

    Args:
      function: of arrays `[batch, ...]`; its results have a row for each of theirs.
      batch: rows at a time; the last batch is filled up with repetitions, whose results are dropped.
      arrays: `[N, ...]` each, N at least 1.
    """
    count, results = len(arrays[0]), []
    for start in range(0, count, batch):
        index = np.minimum(np.arange(start, start + batch), count - 1)
        results.append(np.asarray(function(*(x[index] for x in arrays)))[: count - start])
    return np.concatenate(results)
