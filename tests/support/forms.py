"""All combinations of evaluation forms, for tests that must hold in each of them."""

import itertools
from typing import Any

from eg3d_flax.compute import Compute


def forms(**choices: list[Any]) -> list[Compute]:
    """Return one `Compute` for each combination, for example `forms(lookup=["corners", "packed"])`."""
    return [
        Compute(**dict(zip(choices, values, strict=True))) for values in itertools.product(*choices.values())
    ]


def form_id(compute: Compute) -> str:
    """Return a short name for a test's id: the fields that name a form."""
    return f"{compute.modulation}-{compute.dilation}-{compute.filtering}-{compute.lookup}"
