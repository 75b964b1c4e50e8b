"""Look at the convolutions of a program before it is compiled."""

from collections.abc import Callable
from typing import Any

import jax
from jax.extend.core import jaxprs_in_params


def batches_of_convolutions(function: Callable[..., Any], *arguments: Any) -> set[int]:
    """Return the numbers of images that the convolutions of a function get; it must have no gradients."""
    found = set()

    def search(jaxpr: Any) -> None:
        for equation in jaxpr.eqns:
            if equation.primitive.name == "conv_general_dilated":
                batch = equation.params["dimension_numbers"].lhs_spec[0]
                found.add(equation.invars[0].aval.shape[batch])
            for inner in jaxprs_in_params(equation.params):
                search(inner)

    search(jax.make_jaxpr(function)(*arguments).jaxpr)
    return found
