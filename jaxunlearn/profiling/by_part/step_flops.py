"""Operations of one step, by part; see `models.flops` for what is counted."""

import dataclasses
from collections.abc import Mapping

import numpy as np

from jaxunlearn.methods.config.from_config import StepSettings
from jaxunlearn.methods.losses import TERMS
from jaxunlearn.models import flops
from jaxunlearn.models.flops import Networks

PARTS = ("backbone", "lookup", "decoder", "superresolution", *(name for name in TERMS if TERMS[name].flops))
"""Parts of a step in the order of computation."""


@dataclasses.dataclass(frozen=True)
class Work:
    """Operations of a part of a step.

    Attributes:
      forward: operations of the values.
      backward: operations of the gradient.
    """

    forward: float
    backward: float

    @property
    def total(self) -> float:
        """Operations of both."""
        return self.forward + self.backward


def step(networks: Networks, settings: StepSettings) -> dict[str, Work]:
    """Count the operations of one step of one generator copy, by part (`PARTS`).

    Weights' gradients are needed for the trained part alone. Gradients of images and planes are needed
    everywhere on the trainable generator's side, and nowhere on the source's. Terms of weight 0 are not
    computed.
    """
    weights, config = settings.sampling.weights(), networks.generator
    pairs = settings.sampling.count
    side = settings.neural_rendering_resolution or config.neural_rendering_resolution
    rendered = pairs_looking_at("image", weights)
    again = pairs_looking_at("planes", weights) if settings.draws == "independent" else 0
    kept = settings.sampling.keeps_target_planes and settings.noise_mode != "random"
    trained, source = pairs + again, pairs + again - (1 if kept else 0)
    planes = settings.part.work(config)
    forward = trained * planes.forward + source * flops.backbone(config)
    work = {"backbone": Work(forward, trained * planes.backward)}
    for name, each in {
        "lookup": flops.lookup(config, side),
        "decoder": flops.decoder(config, side),
        "superresolution": flops.superresolution(config),
    }.items():
        work[name] = Work(2 * rendered * each, rendered * each)
    image = config.img_resolution if config.superresolution_module != "none" else side
    for name, term in TERMS.items():
        if term.flops is not None:
            rows, each = np.count_nonzero(weights[name]), term.flops(networks, image)
            work[name] = Work(2 * rows * each, rows * each)
    return work


def pairs_looking_at(what: str, weights: Mapping[str, np.ndarray]) -> int:
    """Return the number of pairs with a computed term that looks at "planes" or at the "image"."""
    rows = [weights[name] != 0 for name, term in TERMS.items() if term.looks_at == what]
    return int(np.any(rows, axis=0).sum())


def total(work: Mapping[str, Work]) -> float:
    """Return the operations of all parts."""
    return sum(part.total for part in work.values())
