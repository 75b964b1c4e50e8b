"""Find the products of a traced function, and the part of the step to which each belongs."""

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
from jax.extend.core import jaxprs_in_params

from jaxunlearn.profiling.by_part.scopes import part_of


class Product(NamedTuple):
    """One convolution or one product of matrices, as it is traced; nothing is compiled."""

    part: str
    groups: int
    """Kernels or matrices that are applied side by side, each to its own images; 1 where all share one."""

    results: int
    """Numbers in the result."""


def products(function: Callable[..., Any], *arguments: Any) -> list[Product]:
    """Return all products in the order in which they are traced; the body of a loop counts once."""
    return list(_products(jax.make_jaxpr(function)(*arguments).jaxpr, ""))


def _products(jaxpr: Any, outside: str) -> Iterator[Product]:
    """Yield the products of a jaxpr; `outside` is the name of the scopes around it."""
    for equation in jaxpr.eqns:
        name = f"{outside}/{equation.source_info.name_stack}"
        results = sum(math.prod(variable.aval.shape) for variable in equation.outvars)
        settings = equation.params
        if equation.primitive.name == "conv_general_dilated":
            groups = settings["feature_group_count"] * settings["batch_group_count"]
            yield Product(part_of(name), groups, results)
        if equation.primitive.name == "dot_general":
            _, (axes, _) = settings["dimension_numbers"]
            groups = math.prod(equation.invars[0].aval.shape[axis] for axis in axes)
            yield Product(part_of(name), groups, results)
        for inner in jaxprs_in_params(settings):
            yield from _products(inner, name)
