"""The settings that are tried, by name, for each row of the table.

Candidates are written for 1 and for 10 people. For 5 and 20 people the table takes the settings chosen for
10, with the minibatch and the number of steps that the preset has for so many people.
"""

from collections.abc import Callable, Mapping
from typing import Any

from jaxunlearn.methods.guide import presets as guide_presets
from jaxunlearn.methods.settings import ConfigDict
from jaxunlearn.methods.sugar import presets as sugar_presets

GUIDE, SUGAR, PUBLISHED, RANDOM = "GUIDE", "SUGAR", "SUGAR as published", "random change"
ROWS = (GUIDE, SUGAR, PUBLISHED, RANDOM)
TUNED = (GUIDE, SUGAR)

Changes = Mapping[str, Any]
"""Dotted name of a setting → value. `steps_share` is a share of the preset's steps."""

_FARTHER = {"surrogates.enough": -0.3, "surrogates.identity": 3.0, "target.distance": 1.0}
"""Surrogates that are less like the people than strangers are, and farther from the mean face."""

_WIDER = {"pairs.alpha_max": 1.0, "pairs.lambda_adjacent": 2.0}
"""Adjacent latents up to twice as far away as in the presets of many people, and twice as heavy."""

_SHORTER = {"steps_share": 2 / 3}
"""Two thirds of the preset's steps: of ten people, 200 instead of 300."""


def _global(weight: float) -> dict[str, Any]:
    return {"pairs.num_global": 4, "pairs.lambda_global": weight}


CANDIDATES: dict[tuple[str, int], dict[str, Changes]] = {
    (GUIDE, 1): {
        "guide/heads": {},
        "global 6": {"pairs.lambda_global": 6.0},
        "adjacent 4, 240 steps": {"pairs.lambda_adjacent": 4.0, "steps": 240},
    },
    (SUGAR, 1): {
        "global 10": _global(10.0),
        "global 10, farther": {**_global(10.0), **_FARTHER},
        "global 10, farther, wider, EWC 300": {
            **_global(10.0),
            **_FARTHER,
            **_WIDER,
            "ewc.weight": 300.0,
        },
    },
    (GUIDE, 10): {
        "global 4": {**_global(4.0), **_SHORTER},
        "global 2, wider, farther": {**_global(2.0), **_WIDER, **_SHORTER, "target.distance": 1.0},
    },
    (SUGAR, 10): {
        "global 10": {**_global(10.0), **_SHORTER},
        "global 4, farther, wider, EWC 300": {
            **_global(4.0),
            **_FARTHER,
            **_WIDER,
            **_SHORTER,
            "ewc.weight": 300.0,
        },
    },
}
"""(row, number of people) → name of a candidate → what it changes in the row's preset."""

NEAREST_TUNED = {1: 1, 5: 10, 10: 10, 20: 10}
"""Number of people in the table → number of people for whom its settings were chosen."""


def config_of(row: str, people: int, changes: Changes, seed: int) -> ConfigDict:
    """Return the settings of a run.

    Args:
      row: one of `ROWS`, but not the random change, which does not train.
      people: number of people in one generator.
      changes: to the row's preset.
      seed: of the run.
    """
    config = _presets()[row](people)
    values = dict(changes)
    config.steps = round(values.pop("steps_share", 1.0) * config.steps)
    config.update_from_flattened_dict(values)
    config.seed = seed
    config.images_every = 0
    config.evaluation.update(guide_presets.heads().evaluation)
    config.evaluation.album = 0  # albums are given, since all rows share them
    return config


def published(people: int) -> ConfigDict:
    """SUGAR as its paper describes it, with the length of the training that the bundled model needs.

    Eq. 4 has its own weights and no bounds, surrogates lie in W+, and every λ is the published one. Lengths
    carry over as GUIDE's do: its published 30 is 0.7 median radii of the bundled model in `guide/heads`. The
    optimiser's learning rate, schedule and number of steps are those of `sugar/heads`: the published 1,000 to
    5,000 steps at 2e-4 would take hours.
    """
    config, heads = sugar_presets.paper(people), sugar_presets.heads(people)
    radii = guide_presets.heads().target.distance / guide_presets.paper().target.distance
    config.unit = heads.unit
    config.target.distance *= radii
    config.pairs.alpha_max *= radii
    config.ewc.radius *= radii
    config.steps, config.optimiser = heads.steps, heads.optimiser
    config.rendering.ray_chunk = heads.rendering.ray_chunk
    config.log_every = heads.log_every
    return config


def _presets() -> Mapping[str, Callable[[int], ConfigDict]]:
    return {
        GUIDE: lambda people: guide_presets.heads() if people == 1 else guide_presets.many_heads(people),
        SUGAR: sugar_presets.heads,
        PUBLISHED: published,
    }
