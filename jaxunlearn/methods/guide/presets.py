"""Settings of GUIDE: the paper's, the official code's, and those of the bundled model.

Lengths in latent space (`target.distance`, `pairs.alpha_max`) are in units of `unit`: "absolute", as the
papers give them, or "median_radius", the model's median ‖w - w̄‖, so that they carry over between models.
"""

from typing import Any

import ml_collections

from jaxunlearn.errors import InputError

ConfigDict = Any
"""A `ml_collections.ConfigDict`, whose annotations deny that settings have settings of their own."""


def paper() -> ConfigDict:
    """GUIDE as its paper describes it, on released 512² generators (section 4.1 and Eq. 3-9).

    Means over adjacent and over global samples; a view for each pair; the planes that the loss compares are
    those that are rendered.
    """
    config: Any = ml_collections.ConfigDict()
    config.method = "guide"
    config.seed = 0
    config.steps = 1000
    config.unit = "absolute"

    config.target = ml_collections.ConfigDict()
    config.target.kind = "extrapolated"  # or "mean", "interpolated"
    config.target.distance = 30.0  # d of "extrapolated"
    config.target.share = 0.5  # of the way to the mean, of "interpolated"

    config.pairs = ml_collections.ConfigDict()
    config.pairs.num_adjacent = 2
    config.pairs.num_global = 2
    config.pairs.lambda_adjacent = 1.0
    config.pairs.lambda_global = 1.0
    config.pairs.reduction = "mean"  # or "sum"
    config.pairs.alpha_max = 15.0
    config.pairs.max_yaw = 15.0  # degrees
    config.pairs.pitch = -0.2  # radians, as the official code gives it
    config.pairs.view = "pair"  # or "step"
    config.pairs.pivot = "model"  # or "origin"

    config.terms = ml_collections.ConfigDict()  # of local and adjacent pairs; global ones are perceptual only
    config.terms.planes = 0.01
    config.terms.perceptual = 1.0
    config.terms.identity = 0.1

    config.rendering = ml_collections.ConfigDict()
    config.rendering.noise_mode = "const"  # or "random", "none"
    config.rendering.draws = "shared"  # or "independent"
    config.rendering.rays = 0  # along each side; 0: as the model was trained
    config.rendering.ray_chunk = 4096  # rays of an image at a time: memory; 0: all
    config.rendering.dtype = "float32"  # or "bfloat16"

    config.optimiser = ml_collections.ConfigDict()  # Adam
    config.optimiser.learning_rate = 1e-4
    config.optimiser.b1 = 0.9
    config.optimiser.b2 = 0.999
    config.optimiser.eps = 1e-8
    config.optimiser.schedule = "constant"  # or "cosine": to 0 at the last step

    config.copies_at_once = 0  # generator copies that a device trains side by side: memory; 0: all

    config.log_every = 10
    config.images_every = 100  # 0: never
    config.checkpoint_every = 100
    config.checkpoints_kept = 2

    config.evaluation = ml_collections.ConfigDict()
    config.evaluation.views = 11  # of the person
    config.evaluation.album = (
        0  # other photographs of the person; only the bundled model has people to photograph
    )
    config.evaluation.retained_people = 256
    config.evaluation.frechet_samples = 5000
    config.evaluation.align = "auto"  # or "mtcnn", "landmarks", "fixed": what the judge is shown
    config.evaluation.batch = 4
    config.evaluation.seed = 0
    return config


def official() -> ConfigDict:
    """GUIDE as its official code runs: kept for parity, not recommended.

    Sums where the paper has means; one yaw for all pairs of a step; fresh noise for every call, so that the
    planes compared are not those that are rendered; cameras that look at the origin, because the code reads
    the pivot under a name that released files do not have.
    """
    config = paper()
    config.pairs.reduction = "sum"
    config.pairs.view = "step"
    config.pairs.pivot = "origin"
    config.rendering.noise_mode = "random"
    config.rendering.draws = "independent"
    return config


def heads() -> ConfigDict:
    """GUIDE on the bundled model of 64² images: fewer and longer steps, lengths relative to the model.

    Planes of two of its people have a mean squared difference of tens, so with the paper's weight their term
    would drown the others. The remaining weights were chosen on a few people: more adjacency forgets more of
    their other photographs and costs everybody else, more of the global loss gives that back. The learning
    rate falls to 0, so that so few steps end without the noise of their last pairs.
    """
    config = paper()
    config.steps = 120
    config.unit = "median_radius"
    config.target.distance = 0.7
    config.pairs.alpha_max = 1.0  # inverted photographs lie 0.7 on average from the person's own latent
    config.pairs.num_global = 3
    config.pairs.lambda_adjacent = 2.0
    config.pairs.lambda_global = 18.0
    config.terms.planes = 0.001
    config.optimiser.learning_rate = 2.5e-3
    config.optimiser.schedule = "cosine"
    config.rendering.ray_chunk = 0
    config.log_every = 5
    config.images_every = 20
    config.checkpoint_every = 40
    config.evaluation.album = 4
    config.evaluation.retained_people = 64
    config.evaluation.frechet_samples = 256
    config.evaluation.batch = 16
    return config


def default_for(model: str) -> ConfigDict:
    """What `jaxunlearn unlearn` uses for a model of this name where no config is given."""
    return heads() if model in ("heads", "random") else paper()


def baseline(config: ConfigDict) -> ConfigDict:
    """First row of the paper's Tables 1 and 2: towards the mean face, the local loss alone."""
    config.target.kind = "mean"
    config.pairs.num_adjacent = 0
    config.pairs.num_global = 0
    return config


def extrapolated(config: ConfigDict) -> ConfigDict:
    """Second row: towards the extrapolated face, the local loss alone."""
    config = baseline(config)
    config.target.kind = "extrapolated"
    return config


def adjacent(config: ConfigDict) -> ConfigDict:
    """Third row: the adjacency-aware loss as well. GUIDE itself, the last row, has the global loss too."""
    config.pairs.num_global = 0
    return config


def mean_global(config: ConfigDict) -> ConfigDict:
    """Second row of Table 4: towards the mean face, the global preservation loss beside the local one."""
    config.target.kind = "mean"
    config.pairs.num_adjacent = 0
    return config


def with_distance(config: ConfigDict, distance: float) -> ConfigDict:
    """Figure 9: another distance of the target from the mean face, on its other side."""
    config.target.distance = distance
    return config


def with_alpha(config: ConfigDict, alpha_max: float) -> ConfigDict:
    """Table 3: towards the mean face without the global loss; adjacent pairs up to `alpha_max`."""
    config.target.kind = "mean"
    config.pairs.num_global = 0
    config.pairs.alpha_max = alpha_max
    if not alpha_max:
        config.pairs.num_adjacent = 0
    return config


PRESETS = {"paper": paper, "official": official, "heads": heads}


def named(name: str) -> ConfigDict:
    """A preset by its name.

    Raises:
      InputError: if there is none.
    """
    if name not in PRESETS:
        raise InputError(f"no preset {name!r}; there are {', '.join(PRESETS)}")
    return PRESETS[name]()
