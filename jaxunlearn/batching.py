"""Networks over many images, some at a time, each compiled once for one size of batch."""

from collections.abc import Callable

import jax
import numpy as np


def _in_batches(function: Callable[..., jax.Array], batch: int, *images: np.ndarray) -> np.ndarray:
    """The last batch is filled up with repetitions, whose results are dropped."""
    count, results = len(images[0]), []
    for start in range(0, count, batch):
        index = np.minimum(np.arange(start, start + batch), count - 1)
        results.append(np.asarray(function(*(x[index] for x in images)))[: count - start])
    return np.concatenate(results)
