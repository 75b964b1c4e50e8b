"""Name the part of a step to which an operation of a compiled program belongs.

The code of a part runs in a `jax.named_scope`. JAX writes open scopes into the name of every operation
(`op_name` in HLO and in profiles): `jit(step)/transpose(jvp(rays))/while/body/lookup/scatter-add`.
"""

import re

from jaxunlearn.methods.losses import TERMS

SCOPES = (
    "draw",
    "mapping",
    "backbone",
    "rays",
    "lookup",
    "decoder",
    "depths",
    "compositing",
    "superresolution",
    *TERMS,
    "ewc",
    "optimiser",
)
"""Scopes in the order of computation. "rays" is what remains of the rendering without the four after it."""

OTHER = "other"
"""Part of the operations outside of all scopes."""

_TRANSFORMED = re.compile(r"(?:jvp|transpose|vmap|rematted_computation)\((.*)\)")


def part_of(op_name: str) -> str:
    """Return the innermost scope of an operation's name, one of `SCOPES`, or `OTHER`."""
    components = op_name.split(";")[0].split("/")
    # JAX 0.11 puts the name of a kernel before those of all other operations of its program.
    if "pallas_call" in components[:-1]:
        components = components[components.index("pallas_call") + 1 :]
    for component in reversed(components):
        while match := _TRANSFORMED.fullmatch(component):
            component = match[1]
        if component in SCOPES:
            return component
    return OTHER


def direction_of(op_name: str) -> str:
    """Return "backward" for an operation of a gradient, "recomputed" for a repeated one, else "forward"."""
    if "rematted_computation" in op_name:
        return "recomputed"
    return "backward" if "transpose(" in op_name else "forward"
