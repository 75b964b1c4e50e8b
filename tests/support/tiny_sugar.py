"""SUGAR on the tiny models: settings with which a whole run takes seconds."""

from typing import Any

from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.methods.sugar import presets as sugar_presets

STEPS = 6


def tiny_sugar(changes: dict[str, Any] | None = None, *, people: int = 3) -> ConfigDict:
    """Return a config of SUGAR; `changes` are dotted names."""
    made = sugar_presets.heads(people)
    made.update(steps=STEPS, log_every=1, images_every=0, checkpoint_every=2)
    made.optimiser.learning_rate = 1e-3
    made.pairs.batch = 2
    made.pairs.num_adjacent = 1
    made.terms.planes = 0.1
    made.surrogates.width = 2
    made.surrogates.epochs = 2
    made.surrogates.batch = 2
    made.ewc.output = "planes"
    made.ewc.probes = 1
    made.evaluation.retained_people = 4
    made.evaluation.strangers = 4
    made.evaluation.frechet_samples = 6
    made.evaluation.views = 3
    made.update_from_flattened_dict(changes or {})
    return made
