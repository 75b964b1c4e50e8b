"""Settings of LEGATO: after its abstract, as the official code runs, and for the bundled model."""

from collections.abc import Callable

from jaxunlearn.methods.config.declaration import ConfigDict, default_config
from jaxunlearn.methods.config.preset_parts import like_heads_of_one, like_official
from jaxunlearn.methods.legato.settings import Legato


def paper() -> ConfigDict:
    """LEGATO on released 512² generators, as far as it is known.

    Only the paper's abstract, first page and summaries were at hand. They say that every resolution has an
    adapter, and that a trajectory term holds the steps together. All other values are the official code's,
    without what looks like its slips. Losses are averaged and views drawn as in GUIDE's paper.
    """
    return default_config(Legato)


def official() -> ConfigDict:
    """LEGATO as its official code runs: for parity, not recommended.

    The adapter of the 4x4 block is stored, but never applied. The last increment of the trajectory counts
    five times as much as each other, since a variable is used twice. See `like_official`, too.
    """
    config = paper()
    like_official(config, view="step")
    config.adapters.first = "inert"
    config.trajectory.last_increment = 1.0
    config.trajectory.resolution = 128
    return config


def heads() -> ConfigDict:
    """LEGATO on the bundled model of 128² images, with GUIDE's lengths and weights for it.

    The adapters are a quarter as wide as those of released generators, whose blocks have up to 512 channels
    and not 192. Wider ones take longer than all of the backbone, and more other people are lost with them.
    Width, learning rate and steps were chosen on people of the seeds 200, 203 and 204
    (`benchmarks/legato_heads_settings.md` with 80 steps, and `benchmarks/one_person_settings.md` with 300,
    more views and other thresholds).
    """
    config = paper()
    like_heads_of_one(config)
    config.adapters.hidden = 64
    config.optimiser.learning_rate = 2.4e-3
    return config


PRESETS: dict[str, Callable[[int], ConfigDict]] = {
    "paper": lambda people: paper(),
    "official": lambda people: official(),
    "heads": lambda people: heads(),
}
"""Name → settings for a number of people."""
