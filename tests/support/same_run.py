"""Whether two runs of the same person came to the same weights, up to the order of summation."""

from typing import Any

import chex
import jax
import numpy as np

NEAR = 0.999
"""Share of the numbers that must agree closely."""


def assert_same_run(a: Any, b: Any, *, learning_rate: float, steps: int) -> None:
    """Assert that two trees of weights come from the same run.

    Adam makes a step of the whole learning rate even of a gradient that is all rounding. So a number here and
    there (one in 37,000 was seen) may go another way, but no further than `steps` steps away in each run;
    all others agree.
    """
    chex.assert_trees_all_close(a, b, rtol=1e-3, atol=2 * steps * learning_rate)
    pairs = zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True)
    near = np.concatenate([np.isclose(x, y, rtol=1e-3, atol=learning_rate / 5).ravel() for x, y in pairs])
    assert near.mean() > NEAR, f"{(~near).sum()} of {near.size} numbers differ"
