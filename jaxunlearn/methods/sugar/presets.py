"""Settings of SUGAR: the paper's, the official scripts', and those of the bundled model.

Lengths in latent space (`target.distance`, `pairs.alpha_max`, `ewc.radius`) are in units of `unit`. The
number of people decides the size of a minibatch and the number of steps.
"""

from collections.abc import Callable

from jaxunlearn.methods.config.declaration import ConfigDict, default_config
from jaxunlearn.methods.config.preset_parts import (
    batch_of,
    like_heads_of_many,
    like_official_of_many,
    steps_of,
)
from jaxunlearn.methods.sugar.settings import Sugar


def paper(people: int = 10) -> ConfigDict:
    """SUGAR as its paper describes it, on released 512² generators (Eq. 1-9; numbers from the scripts).

    The mapper's identity term has a gradient. Every adjacent latent has its own distance. Probes lie on a
    shell around the person. Importance is by Gauss-Newton, since the gradient of Eq. 7 is zero where it is
    taken.
    """
    config = default_config(Sugar)
    config.pairs.batch = config.surrogates.batch = batch_of(people)
    config.steps = steps_of(people, config.pairs.batch, epochs=1000)
    return config


def official(people: int = 10) -> ConfigDict:
    """SUGAR as its official code runs (once its faults are mended): for parity, not recommended.

    The mapper's identity term has no gradient. Probes lie around the mean. Importance comes from the
    generator's disagreement with its source, which is synthesis noise alone, and each probe takes a step
    away. A request after another is a new run, with a Fisher and a mapper of its own. See
    `like_official_of_many`, too.
    """
    config = paper(people)
    like_official_of_many(config)
    config.surrogates.objective = "official"
    config.surrogates.last_batch = "short"
    config.surrogates.continues = False
    config.ewc.fisher = "official"
    config.ewc.centre = "mean"
    config.ewc.norm_over = "batch"
    config.ewc.decay = 0.0
    return config


def heads(people: int = 10) -> ConfigDict:
    """SUGAR on the bundled model of 128² images: fewer and longer steps, lengths relative to the model.

    The distance of the surrogates decides how much other people change. Eq. 4 alone makes surrogates the
    opposites of the people (similarity -0.3 to -0.7 to the judge), or leaves some the same person. So here
    their identity is not pushed below a bound, and the weight of the planes keeps them near. A heavier
    perceptual term, which has no end either, makes all of them the same pale face, and everybody else becomes
    pale with them.

    Up to fifty people, the bound is low and surrogates are far, so that networks other than the one of the
    loss see somebody else, too. What that costs other people is won back by global pairs, which SUGAR's paper
    does not have (`benchmarks/sugar_heads_settings.md`).

    Surrogates must also differ from each other. A new mapper is often nearly constant, and Eq. 4 lets it stay
    so; a generator that shows fifty people as one shows everybody as that one. Twenty epochs make surrogates
    different from each other, and near. Within W they stay sharp.

    Of more than fifty people, a few have surrogates that stay near them if all are pushed alike. Squared
    similarities push these hardest.

    The forgetting loss is a mean over people, and the penalty is not. So beyond twenty people the penalty's
    weight falls as one person's share of the loss does. Twice this weight kept others a little better, and
    left two of ten people unchanged.
    """
    config = paper(people)
    like_heads_of_many(config, people)
    few = people <= 50
    config.target.distance = 1.0 if few else 0.7
    config.pairs.num_global, config.pairs.lambda_global = 4, 3.0
    config.surrogates.space = "w"
    config.surrogates.width = 16
    config.surrogates.epochs = max(20, -(-120 // steps_of(people, config.surrogates.batch, epochs=1)))
    config.surrogates.learning_rate = 5e-4
    config.surrogates.planes = 0.02
    config.surrogates.perceptual = 0.3
    config.surrogates.power, config.surrogates.identity = (1.0, 3.0) if few else (2.0, 4.0)
    config.surrogates.enough = -0.2 if few else 0.2
    config.surrogates.distinct = 1.0
    config.ewc.weight = 1500.0 * min(1.0, 20 / people)
    config.ewc.output = "image"
    config.ewc.probes = 4
    config.ewc.radius = 1.0
    return config


def heads_adapters(people: int = 10) -> ConfigDict:
    """SUGAR on the bundled model, where adapters are trained in place of the backbone: one file for all.

    All other values are those of `heads`, which were chosen for the backbone. Neither SUGAR's nor LEGATO's
    paper tries this.
    """
    config = heads(people)
    config.adapters.trained = True
    return config


PRESETS: dict[str, Callable[[int], ConfigDict]] = {
    "paper": paper,
    "official": official,
    "heads": heads,
    "heads_adapters": heads_adapters,
}
"""Name → settings for a number of people."""
