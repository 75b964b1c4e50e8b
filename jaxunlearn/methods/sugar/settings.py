"""Settings of SUGAR; defaults are the paper's (Eq. 1-9) with numbers from the official scripts."""

import dataclasses

from jaxunlearn.methods.config import common_settings
from jaxunlearn.methods.config.common_settings import TARGETS, Common, ManyPairs
from jaxunlearn.methods.config.declaration import section, setting

MAPPERS = ("mapper-unet", "mapper-transformer")
"""Targets that a network learns."""


@dataclasses.dataclass(frozen=True)
class Target:
    """`config.target`: who people become."""

    kind: str = setting("mapper-unet", "How surrogates are found.", choices=(*MAPPERS, "nearest", *TARGETS))
    distance: float = setting(
        20.0,
        "Distance d of surrogates from the mean, in `unit`; negative: on the person's own side.",
        least=-1e6,
        most=1e6,
    )
    share: float = setting(0.5, "For `interpolated`: share of the way to the mean.", least=0, most=10)


@dataclasses.dataclass(frozen=True)
class Pairs(ManyPairs):
    """`config.pairs`."""

    num_global: int = setting(0, "Pairs of random people, who should stay as they are.", least=0, most=1024)
    adjacent_target: str = setting(
        "surrogate",
        "Targets of adjacent latents: their own surrogate, or the person's, shifted by the same offset.",
        choices=("surrogate", "shifted"),
    )


@dataclasses.dataclass(frozen=True)
class Surrogates:
    """`config.surrogates`: the network that finds surrogates, and its training."""

    file: str = setting(
        "",
        "File of a mapper to start from: ours, or the official trigger_model_E.pt. A request after another "
        "goes on from the earlier one's mapper of the same kind instead, where it `continues`.",
        file=True,
    )
    continues: bool = setting(
        True,
        "A request after another goes on from the earlier one's mapper. False: it trains its own from the "
        "beginning, as a new run of the official program does.",
    )
    space: str = setting("w+", "`w` uses one direction for all rows of ws.", choices=("w+", "w"))
    objective: str = setting("paper", "The loss of the mapper.", choices=("paper", "official"))
    planes: float = setting(0.01, "Weight of nearness in planes.", least=0, most=1e9)
    perceptual: float = setting(1.0, "Weight of distance in LPIPS.", least=0, most=1e9)
    identity: float = setting(0.1, "Weight of distance in identity.", least=0, most=1e9)
    enough: float = setting(
        -1.0, "Similarity below which a surrogate is different enough; -1: never.", least=-1, most=1
    )
    distinct: float = setting(
        0.0, "Weight of the penalty on surrogates that resemble each other.", least=0, most=1e9
    )
    power: float = setting(
        1.0, "Power of similarities above `enough`; 2 pushes the highest hardest.", least=1, most=16
    )
    width: int = setting(64, "Channels of the network.", least=1, most=4096)
    depth: int = setting(4, "Layers of the transformer.", least=1, most=256)
    epochs: int = setting(
        50,
        "Greatest number of epochs; 0 uses the mapper of `file`, or of an earlier request, as it is.",
        least=0,
        most=10**6,
    )
    batch: int = setting(4, "People in a minibatch.", least=1, most=4096)
    learning_rate: float = setting(
        2e-4, "Learning rate; it is multiplied by `batch` and `accumulate`.", least=0, most=1e3
    )
    accumulate: int = setting(
        1, "Minibatches whose gradients are added up for one step.", least=1, most=10**6
    )
    last_batch: str = setting(
        "filled",
        "Whether a last minibatch that is not full is filled up, or stays short.",
        choices=("filled", "short"),
    )
    patience: int = setting(
        20,
        "Epochs worse than the best one by more than `min_delta` after which training stops; a new best one "
        "starts the count anew.",
        least=1,
        most=10**6,
    )
    min_delta: float = setting(
        1e-3,
        "How far above the best loss an epoch must be to count for `patience`. A loss that stays as it is "
        "never counts.",
        least=0,
        most=1e9,
    )
    candidates: int = setting(
        512, "Number of random people among whom `nearest` chooses.", least=1, most=10**6
    )
    highest_similarity: float = setting(
        0.3, "Highest similarity of a candidate to anybody forgotten.", least=-1, most=1
    )


@dataclasses.dataclass(frozen=True)
class Ewc:
    """`config.ewc`: elastic weight consolidation, which protects what others need (Eq. 6-8)."""

    weight: float = setting(50.0, "Weight λ of the penalty; 0: no penalty, and no Fisher.", least=0, most=1e9)
    file: str = setting(
        "",
        "File of a Fisher to use instead of a new one. A request after another that left a Fisher measures a "
        "new one instead, and adds the left one as `decay` says.",
        file=True,
    )
    fisher: str = setting(
        "gauss-newton", "How importance is measured.", choices=("gauss-newton", "official", "official-still")
    )
    output: str = setting("planes", "Which output of the generator should stay.", choices=("planes", "image"))
    probes: int = setting(2, "Probes around each person.", least=1, most=4096)
    radius: float = setting(40.0, "Radius of the shell of probes, in `unit`.", least=0, most=1e6)
    centre: str = setting("person", "Centre of the shell.", choices=("person", "mean"))
    norm_over: str = setting(
        "sample",
        "`sample`: each probe lies `radius` away. `batch`: the offsets of a person's probes are divided by "
        "their common length, so each is shorter.",
        choices=("sample", "batch"),
    )
    planes: float = setting(0.01, "Weight of the planes in the official loss of a probe.", least=0, most=1e9)
    learning_rate: float = setting(
        2e-4, "Learning rate of the official steps between probes.", least=0, most=1e3
    )
    perturbation: float = setting(
        0.0,
        "Random change of the weights before an official estimate, in standard deviations.",
        least=0,
        most=1e6,
    )
    decay: float = setting(
        1.0,
        "Factor on the Fishers of earlier requests. 0 leaves them out, as a new run of the official program "
        "does.",
        least=0,
        most=1,
    )


@dataclasses.dataclass(frozen=True)
class Adapters(common_settings.Adapters):
    """`config.adapters`: LEGATO's, one after each block, for all people together."""

    trained: bool = setting(
        False, "Adapters are trained, and the backbone stays as it is. False: the backbone is trained."
    )


@dataclasses.dataclass(frozen=True)
class Optimiser(common_settings.Optimiser):
    """`config.optimiser`: Adam."""

    learning_rate: float = setting(2e-4, "Learning rate.", least=0, most=1e3)


@dataclasses.dataclass(frozen=True)
class Sugar(Common):
    """Settings of SUGAR: many people in one generator."""

    method: str = setting("sugar", "The method.", choices=("sugar",))
    target: Target = section(Target)
    surrogates: Surrogates = section(Surrogates)
    pairs: Pairs = section(Pairs)
    ewc: Ewc = section(Ewc)
    adapters: Adapters = section(Adapters)
    optimiser: Optimiser = section(Optimiser)
