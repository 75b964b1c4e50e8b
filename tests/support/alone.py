"""Call the step of a single generator copy."""

from collections.abc import Callable
from typing import Any

import jax


def alone(function: Callable[..., Any]) -> Callable[..., Any]:
    """Turn a function of `K` copies' (state, frozen, ...) into one of a single copy's."""

    def of_one(state: Any, frozen: Any, *others: Any) -> Any:
        state, others = jax.tree.map(lambda x: x[None], (state, others))
        return jax.tree.map(lambda x: x[0], function(state, frozen, *others))

    return of_one
