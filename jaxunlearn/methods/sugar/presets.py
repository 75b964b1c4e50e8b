"""Settings of SUGAR: the paper's, the official scripts', and those of the bundled model.

Lengths in latent space (`target.distance`, `pairs.alpha_max`, `ewc.radius`) are in units of `unit`, as in
`presets`. Every preset takes the number of people, which decides on minibatch and steps.
"""

from collections.abc import Callable
from typing import Any

import ml_collections
import numpy as np

from jaxunlearn.errors import InputError
from jaxunlearn.methods.guide import presets
from jaxunlearn.methods.guide.presets import ConfigDict


def batch_of(people: int) -> int:
    """People in a minibatch in the official scripts: 1 for one, 2 up to five, 4 beyond."""
    return 1 if people == 1 else 2 if people <= 5 else 4


def steps_of(people: int, batch: int, epochs: int) -> int:
    """Steps of so many epochs."""
    return epochs * -(-people // min(batch, people))


def sugar_paper(people: int = 10) -> ConfigDict:
    """SUGAR as its paper describes it, on released 512² generators (Eq. 1-9; numbers from the scripts).

    The mapper's identity term has a gradient; neighbours at a distance of their own; probes on a shell around
    the person; importance by Gauss-Newton, since the gradient of Eq. 7 is zero where it is taken.
    """
    config: Any = presets.paper()
    batch = batch_of(people)
    config.method = "sugar"
    config.steps = steps_of(people, batch, epochs=1000)

    config.target.kind = "mapper-unet"  # or "mapper-transformer", "nearest", "extrapolated", "mean", ...
    config.target.distance = 20.0

    config.surrogates = ml_collections.ConfigDict()
    config.surrogates.file = ""  # a mapper to begin with, or the official trigger_model_E.pt
    config.surrogates.space = "w+"  # or "w": one direction for all rows
    config.surrogates.objective = "paper"  # or "official"
    config.surrogates.planes = 0.01
    config.surrogates.perceptual = 1.0
    config.surrogates.identity = 0.1
    config.surrogates.enough = -1.0  # similarity at which a surrogate is different enough; -1: never
    config.surrogates.distinct = 0.0  # weight of surrogates' likeness to each other
    config.surrogates.power = 1.0  # of similarities above `enough`; 2: the highest are pushed hardest
    config.surrogates.width = 64
    config.surrogates.depth = 4  # of the transformer
    config.surrogates.epochs = 50  # at most; 0: the mapper of `file` as it is
    config.surrogates.batch = batch
    config.surrogates.learning_rate = 2e-4  # times batch and accumulate
    config.surrogates.accumulate = 1
    config.surrogates.last_batch = "filled"  # or "short"
    config.surrogates.patience = 20
    config.surrogates.min_delta = 1e-3
    config.surrogates.candidates = 512  # of "nearest"
    config.surrogates.highest_similarity = 0.3  # of a candidate with anybody forgotten

    config.pairs.batch = batch
    config.pairs.order = "epochs"  # or "draws"
    config.pairs.num_global = 0
    config.pairs.adjacent_target = "surrogate"  # or "shifted", GUIDE's
    config.pairs.norm_over = "sample"  # or "batch"
    config.pairs.alpha = "pair"  # or "batch"
    config.pairs.conditioning = "frontal"  # or "view": of neighbours
    config.pairs.global_conditioning = "frontal"  # or "view"
    config.pairs.global_draw = "step"  # or "epoch"

    config.ewc = ml_collections.ConfigDict()
    config.ewc.weight = 50.0  # λ; 0: no penalty, and no Fisher
    config.ewc.file = ""  # a Fisher to use instead of a new one
    config.ewc.fisher = "gauss-newton"  # or "official", "official-still"
    config.ewc.output = "planes"  # or "image"
    config.ewc.probes = 2  # a person
    config.ewc.radius = 40.0
    config.ewc.centre = "person"  # or "mean"
    config.ewc.norm_over = "sample"  # or "batch"
    config.ewc.planes = 0.01  # of the official probe loss
    config.ewc.learning_rate = 2e-4  # of the official steps between probes
    config.ewc.perturbation = 0.0  # of where the official estimators begin
    config.ewc.decay = 1.0  # of the Fishers of earlier requests

    config.optimiser.learning_rate = 2e-4
    return config


def sugar_official(people: int = 10) -> ConfigDict:
    """SUGAR as its official code runs (once its faults are mended): for parity, not recommended.

    The mapper's identity term without gradient; one distance for all people's first neighbours, shortened by
    a norm over the batch; one view an epoch, which neighbours are mapped for; probes around the mean;
    importance from the generator's disagreement with its source, which is nothing but synthesis noise, with a
    step away after each probe; cameras that look at the origin.
    """
    config = sugar_paper(people)
    config.surrogates.objective = "official"
    config.surrogates.last_batch = "short"
    config.pairs.reduction = "sum"
    config.pairs.norm_over = "batch"
    config.pairs.alpha = "batch"
    config.pairs.view = "epoch"
    config.pairs.conditioning = "view"
    config.pairs.pivot = "origin"
    config.ewc.fisher = "official"
    config.ewc.centre = "mean"
    config.ewc.norm_over = "batch"
    config.rendering.noise_mode = "random"
    config.rendering.draws = "independent"
    return config


def sugar_heads(people: int = 10) -> ConfigDict:
    """SUGAR on the bundled model of 64² images: fewer and longer steps, lengths relative to the model.

    How far away the surrogates are decides what everybody else pays. Eq. 4 alone makes them opposites of the
    people (similarity -0.3 to -0.7 to the judge), or leaves some the same person; so here their identity is
    not pushed below a similarity of 0.2, and the weight of the planes keeps them near. A heavier perceptual
    term, which has no end either, makes all of them the same pale face, and everybody else pales with them.
    Surrogates must not be one another's either: a drawn mapper is often nearly constant, Eq. 4 lets it stay
    so, and a generator that shows fifty people as one shows everybody as that one. Twenty times through all
    people make them different from each other and near; within W they stay sharp meanwhile.

    More than fifty people have a few whose surrogates stay near them, where all are pushed alike; squared
    similarities push those hardest.

    A step's forgetting loss is a mean over people and the penalty is not, so beyond twenty people its weight
    falls as one person's share of the loss does. Twice this weight kept others a little better, and left two
    of some ten people as they were.
    """
    config = sugar_paper(people)
    _like_heads(config, people)
    config.target.distance = 0.7
    config.surrogates.space = "w"
    config.surrogates.width = 16
    config.surrogates.epochs = max(20, -(-120 // steps_of(people, config.surrogates.batch, epochs=1)))
    config.surrogates.learning_rate = 5e-4
    config.surrogates.planes = 0.02
    config.surrogates.perceptual = 0.3
    config.surrogates.power, config.surrogates.identity = (1.0, 1.5) if people <= 50 else (2.0, 4.0)
    config.surrogates.enough = 0.2
    config.surrogates.distinct = 1.0
    config.ewc.weight = 1500.0 * min(1.0, 20 / people)
    config.ewc.output = "image"
    config.ewc.probes = 4
    config.ewc.radius = 1.0
    return config


def guide_many_heads(people: int = 10) -> ConfigDict:
    """GUIDE extended to many people in one generator, SUGAR's baseline, on the bundled model.

    Extrapolated targets, shifted neighbours, the global loss, no elastic weights; as in the official scripts
    all losses weigh the same. The weights that `presets.heads` found for one person protect others eighteen
    times as much, and then ten people are not forgotten. Without a penalty all 200 people are forgotten after
    1,000 steps, and more would only cost the others more.
    """
    config = sugar_heads(people)
    config.steps = min(config.steps, 1000)
    alone = presets.heads()
    config.target.kind = "extrapolated"
    config.target.distance = alone.target.distance
    config.pairs.adjacent_target = "shifted"
    config.pairs.num_global = 2
    config.ewc.weight = 0.0
    return config


def guide_many(people: int = 10) -> ConfigDict:
    """GUIDE extended to many people as the official scripts run it: two global pairs, sums.

    Neighbours are mapped for the view of the epoch, global people for the frontal camera and drawn once an
    epoch.
    """
    config = sugar_official(people)
    config.target.kind = "extrapolated"
    config.pairs.adjacent_target = "shifted"
    config.pairs.num_global = 2
    config.pairs.global_draw = "epoch"
    config.ewc.weight = 0.0
    return config


def _like_heads(config: ConfigDict, people: int) -> None:
    """What suits the bundled model whatever is forgotten."""
    alone = presets.heads()
    # Up to twenty people everybody is in a minibatch about 120 times; fewer left one of fifteen as they were.
    # Of two hundred people somebody was still between before and their surrogate after 1,000 and after 1,500.
    config.steps = int(np.interp(people, (1, 5, 10, 20, 120, 200), (120, 300, 300, 600, 1000, 2000)))
    config.unit = "median_radius"
    config.pairs.num_adjacent = 1
    config.pairs.alpha_max = 0.5
    config.terms.planes = alone.terms.planes
    config.optimiser.learning_rate = alone.optimiser.learning_rate
    config.optimiser.schedule = alone.optimiser.schedule
    config.rendering.ray_chunk = 0
    config.log_every = 5
    config.images_every = 0
    config.checkpoint_every = 40
    config.evaluation = alone.evaluation
    config.evaluation.album = 0


PRESETS: dict[str, Callable[[int], ConfigDict]] = {
    "paper": sugar_paper,
    "official": sugar_official,
    "heads": sugar_heads,
    "guide": guide_many,
    "guide_heads": guide_many_heads,
}


def named(name: str, people: int) -> ConfigDict:
    """A preset by its name.

    Raises:
      InputError: if there is none.
    """
    if name not in PRESETS:
        raise InputError(f"no preset {name!r}; there are {', '.join(PRESETS)}")
    return PRESETS[name](people)


def default_for(model: str, people: int) -> ConfigDict:
    """What `jaxunlearn unlearn --method sugar` uses for a model of this name where no config is given."""
    return sugar_heads(people) if model in ("heads", "random") else sugar_paper(people)
