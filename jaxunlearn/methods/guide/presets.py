"""Settings of GUIDE: the paper's, the official code's, and those of the bundled model.

Lengths in latent space (`target.distance`, `pairs.alpha_max`) are in units of `unit`: "absolute", as the
papers give them, or "median_radius", the model's median ‖w - w̄‖, so that they carry over between models.
"""

from collections.abc import Callable

from jaxunlearn.methods.config.declaration import ConfigDict, default_config
from jaxunlearn.methods.config.preset_parts import (
    batch_of,
    like_heads_of_many,
    like_heads_of_one,
    like_official,
    like_official_of_many,
    steps_of,
)
from jaxunlearn.methods.guide.settings import Guide, GuideOfMany


def paper() -> ConfigDict:
    """GUIDE as its paper describes it, on released 512² generators (section 4.1 and Eq. 3-9).

    Adjacent and global losses are means. Each pair has its own view. The loss compares the planes that are
    rendered.
    """
    return default_config(Guide)


def official() -> ConfigDict:
    """GUIDE as its official code runs, see `like_official`: for parity, not recommended."""
    config = paper()
    like_official(config, view="step")
    return config


def heads() -> ConfigDict:
    """GUIDE on the bundled model of 128² images: fewer and longer steps, lengths relative to the model."""
    config = paper()
    like_heads_of_one(config)
    return config


def many(people: int = 10) -> ConfigDict:
    """GUIDE extended to many people in one generator, as SUGAR's official scripts run it.

    Global people are drawn once an epoch and mapped for the frontal camera. See `like_official_of_many`, too.
    """
    config = default_config(GuideOfMany)
    like_official_of_many(config)
    config.pairs.batch = batch_of(people)
    config.steps = steps_of(people, config.pairs.batch, epochs=1000)
    config.optimiser.learning_rate = 2e-4
    config.target.distance = 20.0
    config.pairs.global_draw = "epoch"
    return config


def many_heads(people: int = 10) -> ConfigDict:
    """GUIDE extended to many people in one generator, on the bundled model.

    Adjacent pairs weigh as much as in `heads`, global pairs a third of it. That was chosen on five people
    (`benchmarks/many_people_heads/settings.md`). If all losses weigh the same, as in the official scripts,
    four of them are forgotten instead of two, and four times as many others are lost. With fewer steps, too,
    more others are lost, so this takes two and a half times SUGAR's steps.
    """
    config = default_config(GuideOfMany)
    like_heads_of_many(config, people)
    config.pairs.batch = batch_of(people)
    config.pairs.lambda_adjacent = heads().pairs.lambda_adjacent
    config.pairs.num_global, config.pairs.lambda_global = 4, 10.0
    config.steps = 5 * config.steps // 2
    config.target.distance = heads().target.distance
    return config


PRESETS: dict[str, Callable[[int], ConfigDict]] = {
    "paper": lambda people: paper(),
    "official": lambda people: official(),
    "heads": lambda people: heads(),
    "many": many,
    "many_heads": many_heads,
}
"""Name → settings for a number of people."""
