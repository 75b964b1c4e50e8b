"""Settings that methods share, as sections of their declarations; `Common` has those of every method."""

import dataclasses
import math
from typing import Any

from jaxunlearn.limits import LARGEST_SEED, MAX_YAW, PITCH, RAY_CHUNK
from jaxunlearn.methods.config.declaration import section, setting
from jaxunlearn.methods.losses import TERMS

_BELOW_ONE = 0.999999999
"""1 would divide by 0."""

TARGETS = ("extrapolated", "mean", "interpolated")
"""Targets that a formula computes from the latent."""


@dataclasses.dataclass(frozen=True)
class Target:
    """`config.target`: who people become."""

    kind: str = setting("extrapolated", "How targets are computed.", choices=TARGETS)
    distance: float = setting(
        30.0, "Distance d of the extrapolated target from the mean, in `unit`.", least=0, most=1e6
    )
    share: float = setting(0.5, "For `interpolated`: share of the way to the mean.", least=0, most=10)


@dataclasses.dataclass(frozen=True)
class Pairs:
    """`config.pairs`: the pairs of renderings that a step compares."""

    num_adjacent: int = setting(2, "Pairs around each person.", least=0, most=1024)
    num_global: int = setting(2, "Pairs of random people, who should stay as they are.", least=0, most=1024)
    lambda_adjacent: float = setting(1.0, "Weight of the adjacency loss.", least=0, most=1e9)
    lambda_global: float = setting(1.0, "Weight of the global preservation loss.", least=0, most=1e9)
    reduction: str = setting(
        "mean",
        "How the losses of adjacent pairs, and of global pairs, are combined.",
        choices=("mean", "sum"),
    )
    alpha_max: float = setting(15.0, "Greatest distance of adjacent latents, in `unit`.", least=0, most=1e6)
    max_yaw: float = setting(MAX_YAW, "Greatest yaw of a view to either side, in degrees.", least=0, most=180)
    pitch: float = setting(PITCH, "Pitch of all views in radians.", least=-math.pi / 2, most=math.pi / 2)
    view: str = setting("pair", "What gets its own random view.", choices=("pair", "step"))
    pivot: str = setting("model", "The point that cameras look at.", choices=("model", "origin"))


@dataclasses.dataclass(frozen=True)
class ManyPairs(Pairs):
    """`config.pairs` where many people share a generator; a step takes a minibatch of them."""

    view: str = setting("pair", "What gets its own random view.", choices=("pair", "step", "epoch"))
    batch: int = setting(4, "People in a minibatch.", least=1, most=4096)
    order: str = setting(
        "epochs",
        "`epochs`: minibatches go through everybody in turn; `draws`: each is drawn anew.",
        choices=("epochs", "draws"),
    )
    norm_over: str = setting(
        "sample",
        "`sample`: each adjacent latent lies `alpha` away. `batch`: all offsets are divided by their common "
        "length, so each is shorter.",
        choices=("sample", "batch"),
    )
    alpha: str = setting("pair", "What gets its own random distance.", choices=("pair", "batch"))
    conditioning: str = setting(
        "frontal", "The camera that adjacent latents are mapped for.", choices=("frontal", "view")
    )
    global_conditioning: str = setting(
        "frontal", "The camera that global latents are mapped for.", choices=("frontal", "view")
    )
    global_draw: str = setting("step", "How often global latents are drawn.", choices=("step", "epoch"))


Terms = dataclasses.make_dataclass(
    "Terms",
    [(name, float, setting(term.weight, term.help, least=0, most=1e9)) for name, term in TERMS.items()],
    frozen=True,
)
"""`config.terms`: weights for local and adjacent pairs; global pairs see the terms that preserve."""


@dataclasses.dataclass(frozen=True)
class Adapters:
    """`config.adapters`, where methods train them: sizes and times, by default the official code's."""

    hidden: int = setting(256, "Hidden width of every adapter.", least=1, most=8192)
    end: float = setting(
        1.6, "End time of the adapters' differential equation, which starts at 0.", least=1e-3, most=100
    )
    step: float = setting(0.4, "Length of an Euler step; the last one may be shorter.", least=0.01, most=100)
    first: str = setting(
        "active",
        "Adapter of the 4x4 block; `inert`: stored, but never applied, as in the official program.",
        choices=("active", "inert", "absent"),
    )


@dataclasses.dataclass(frozen=True)
class Rendering:
    """`config.rendering`."""

    noise_mode: str = setting("const", "Noise of the synthesis network.", choices=("const", "random", "none"))
    draws: str = setting(
        "shared",
        "Whether both sides of a pair share noise and jitter, or each side draws its own.",
        choices=("shared", "independent"),
    )
    rays: int = setting(
        0, "Rays along each side of an image; 0: as the model was trained.", least=0, most=1024
    )
    ray_chunk: int = setting(
        RAY_CHUNK,
        "Rays of an image that are rendered at a time, to save memory; 0: all rays of all images.",
        least=0,
        most=2**20,
        may_change=True,
    )
    keep_features: bool = setting(
        False,
        "Whether the features of rays in chunks are kept for the gradient, where memory allows, instead of "
        "being looked up again.",
        may_change=True,
    )
    fused: bool = setting(
        False,
        "Whether points are looked up and decoded in one kernel for TPUs v5e and v6e, which has not run on "
        "one yet. Other machines interpret it, slowly.",
        may_change=True,
    )
    dtype: str = setting("float32", "Type of activations.", choices=("float32", "bfloat16"))


@dataclasses.dataclass(frozen=True)
class Optimiser:
    """`config.optimiser`: Adam."""

    learning_rate: float = setting(1e-4, "Learning rate.", least=0, most=1e3)
    b1: float = setting(0.9, "Decay of the mean gradient.", least=0, most=_BELOW_ONE)
    b2: float = setting(0.999, "Decay of the mean squared gradient.", least=0, most=_BELOW_ONE)
    eps: float = setting(1e-8, "Small number added to the divisor.", least=0, most=1)
    schedule: str = setting(
        "constant", "`cosine`: the learning rate falls to 0 at the last step.", choices=("constant", "cosine")
    )


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """`config.evaluation`: how a finished run is measured."""

    views: int = setting(11, "Views of each person.", least=1, most=1024, may_change=True)
    album: int = setting(
        0,
        "Other photos of each person; only the bundled model can make them.",
        least=0,
        most=1024,
        may_change=True,
    )
    retained_people: int = setting(
        256, "Number of random people compared before and after.", least=1, most=10**6, may_change=True
    )
    frechet_samples: int = setting(
        5000, "Number of random people for the Fréchet distances.", least=2, most=10**6, may_change=True
    )
    strangers: int = setting(
        64,
        "People among whom each judge's threshold is found; 0: the network's own threshold. For the bundled "
        "model it was found once, on more.",
        least=0,
        most=10**5,
        may_change=True,
    )
    align: str = setting(
        "auto",
        "How faces are cropped for the judge.",
        choices=("auto", "mtcnn", "landmarks", "fixed"),
        may_change=True,
    )
    batch: int = setting(4, "Images in a batch.", least=1, most=4096, may_change=True)
    seed: int = setting(
        0, "Seed of the random people and views.", least=0, most=LARGEST_SEED, may_change=True
    )
    pivot: str = setting(
        "model",
        "The point that cameras look at; `origin` as in the official programs.",
        choices=("model", "origin"),
        may_change=True,
    )
    fid_pixels: str = setting(
        "float",
        "Images of the Fréchet distances: as rendered, or rounded to 8 bits as in the official programs.",
        choices=("float", "uint8"),
        may_change=True,
    )
    retain_random: float = setting(
        0.0,
        "Absolute distance of the Random retaining set from the forgotten people (SUGAR: 30); 0: none.",
        least=0,
        most=1e6,
        may_change=True,
    )
    frontier_every: int = setting(
        0,
        "Steps between two lines of `frontier.jsonl`; 0: none. Work lists have none.",
        least=0,
        most=10**7,
        may_change=True,
    )


@dataclasses.dataclass(frozen=True)
class Common:
    """Settings of every method; a method's declaration is a subclass that declares `method`.

    It may declare `target` and `pairs` anew, with settings of its own.
    """

    seed: int = setting(0, "Seed of all random numbers of a run.", least=0, most=LARGEST_SEED)
    steps: int = setting(1000, "Steps of the optimiser.", least=1, most=10**7, may_change=True)
    unit: str = setting(
        "absolute",
        "Unit of lengths in latent space: `absolute` as in the papers, or the model's median ‖w - w̄‖.",
        choices=("absolute", "median_radius"),
    )
    terms: Any = section(Terms)
    rendering: Rendering = section(Rendering)
    optimiser: Optimiser = section(Optimiser)
    copies_at_once: int = setting(
        0,
        "Generator copies that a device trains at the same time; fewer take less memory. 0: one on a CPU "
        "without `--mesh`, elsewhere all.",
        least=0,
        most=4096,
        may_change=True,
    )
    log_every: int = setting(10, "Steps between two lines of the log.", least=1, most=10**7, may_change=True)
    images_every: int = setting(
        100, "Steps between two pictures; 0: none.", least=0, most=10**7, may_change=True
    )
    checkpoint_every: int = setting(
        100, "Steps between two checkpoints.", least=1, most=10**7, may_change=True
    )
    checkpoints_kept: int = setting(
        2,
        "Newest checkpoints that are kept, beside the one with the least loss.",
        least=1,
        most=10**4,
        may_change=True,
    )
    evaluation: Evaluation = section(Evaluation)
    target: Any = section(Target)
    pairs: Any = section(Pairs)
