"""Why the numbers of a table cannot be compared with the printed ones."""

from collections.abc import Sequence

from jaxunlearn.evaluation.features import Features
from jaxunlearn.methods.config.declaration import declared, flat
from jaxunlearn.methods.registry import method_of
from jaxunlearn.models.identity import PUBLISHED
from jaxunlearn.models.loading import Models
from jaxunlearn.workflows.reproduce.plan import Cell

_SIDE = 512
"""Pixels along a side of the papers' generator."""

_SAME_RESULT = ("evaluation.batch", "evaluation.frontier_every", "evaluation.retain_random")
"""Settings of the measurement that change no figure, or are the table's own."""

_SHOWN = 3
"""Differing settings that are named; the others are counted."""


def not_comparable(models: Models, features: Features, cells: Sequence[Cell]) -> list[str]:
    """Return what is not as in the paper; empty if numbers can be compared with the printed ones.

    Args:
      models: the generator and its networks.
      features: network of the Fréchet distances.
      cells: all runs that were asked for.
    """
    if models.is_bundled:
        return [
            "they are of the bundled model, whose people are rendered heads, with networks and settings of "
            "its own"
        ]
    reasons = []
    if (side := models.generator.config.img_resolution) != _SIDE:
        reasons.append(f"the generator's images have {side} x {side} pixels, not {_SIDE} x {_SIDE}")
    for part, name, printed in (
        ("the perceptual loss", models.perceptual_name, "LPIPS VGG"),
        ("the identity loss", models.identity.name, PUBLISHED["model_ir_se50"]),
        ("the judge", models.judge.name, PUBLISHED["CurricularFace_Backbone"]),
        ("the network of the Fréchet distances", features.name, "inception"),
    ):
        if name != printed:
            reasons.append(f"{part} is {name}, not {printed}")
    differing = list(dict.fromkeys(name for cell in cells for name in _differing(cell)))
    if differing:
        more = f" and {len(differing) - _SHOWN} more" if len(differing) > _SHOWN else ""
        reasons.append(f"other settings: {', '.join(differing[:_SHOWN])}{more}")
    return reasons


def _differing(cell: Cell) -> list[str]:
    """Return the settings that differ from the paper's and change the result, `steps` first."""
    known = declared(method_of(cell.config).declaration(cell.config))
    own, printed = flat(cell.config), flat(cell.printed)
    names = [
        name
        for name, value in own.items()
        if printed.get(name) != value
        and (not known[name].may_change or name == "steps" or name.startswith("evaluation."))
        and name not in _SAME_RESULT
    ]
    return [
        f"{name} {own[name]} in place of {printed.get(name)}" for name in sorted(names, key="steps".__ne__)
    ]
