"""Which settings a method has, and what values make sense: tables that `configuration.check` reads."""

import math
from collections.abc import Mapping
from typing import NamedTuple

TARGETS = ("extrapolated", "mean", "interpolated")
MAPPERS = ("mapper-unet", "mapper-transformer")


class Within(NamedTuple):
    """Limits of a number, both included, far above what anybody needs.

    Attributes:
      least, most: the limits.
      whole: whether only whole numbers make sense.
    """

    least: float
    most: float
    whole: bool = False

    def __contains__(self, value: object) -> bool:
        kinds = int if self.whole else int | float
        if isinstance(value, bool) or not isinstance(value, kinds):
            return False
        return self.least <= value <= self.most  # false for NaN

    def __str__(self) -> str:
        return f"a {'whole ' if self.whole else ''}number from {self.least:.10g} to {self.most:.10g}"


def _count(least: int, most: int) -> Within:
    return Within(least, most, whole=True)


class Allowed(NamedTuple):
    """Dotted names of settings; together they are all that a config of the method may hold."""

    choices: Mapping[str, tuple[str, ...]]
    within: Mapping[str, Within]
    files: frozenset[str] = frozenset()


_WEIGHT = Within(0, 1e9)
_LENGTH = Within(0, 1e6)
_RATE = Within(0, 1e3)
_SIMILARITY = Within(-1, 1)
_STEPS = _count(1, 10**7)
_SEED = _count(0, 2**32 - 1)
_CHOICES = {
    "unit": ("absolute", "median_radius"),
    "pairs.reduction": ("mean", "sum"),
    "pairs.pivot": ("model", "origin"),
    "rendering.noise_mode": ("const", "random", "none"),
    "rendering.draws": ("shared", "independent"),
    "rendering.dtype": ("float32", "bfloat16"),
    "optimiser.schedule": ("constant", "cosine"),
    "evaluation.align": ("auto", "mtcnn", "landmarks", "fixed"),
}
_WITHIN = {
    "seed": _SEED,
    "steps": _STEPS,
    "copies_at_once": _count(0, 4096),
    "log_every": _STEPS,
    "images_every": _count(0, 10**7),
    "checkpoint_every": _STEPS,
    "checkpoints_kept": _count(1, 1000),
    "target.share": Within(0, 10),
    "pairs.num_adjacent": _count(0, 1000),
    "pairs.num_global": _count(0, 1000),
    "pairs.lambda_adjacent": _WEIGHT,
    "pairs.lambda_global": _WEIGHT,
    "pairs.alpha_max": _LENGTH,
    "pairs.max_yaw": Within(0, 360),
    "pairs.pitch": Within(-math.pi / 2, math.pi / 2),
    "terms.planes": _WEIGHT,
    "terms.perceptual": _WEIGHT,
    "terms.identity": _WEIGHT,
    "rendering.rays": _count(0, 2048),
    "rendering.ray_chunk": _count(0, 2**24),
    "optimiser.learning_rate": _RATE,
    "optimiser.b1": Within(0, 0.999999999),  # 1 would divide by 0
    "optimiser.b2": Within(0, 0.999999999),
    "optimiser.eps": Within(0, 1),
    "evaluation.views": _count(1, 1000),
    "evaluation.album": _count(0, 1000),
    "evaluation.retained_people": _count(1, 10**6),
    "evaluation.frechet_samples": _count(2, 10**6),
    "evaluation.batch": _count(1, 1024),
    "evaluation.seed": _SEED,
}

ALLOWED: Mapping[str, Allowed] = {
    "guide": Allowed(
        {**_CHOICES, "method": ("guide",), "target.kind": TARGETS, "pairs.view": ("pair", "step")},
        {**_WITHIN, "target.distance": _LENGTH},
    ),
    "sugar": Allowed(
        {
            **_CHOICES,
            "method": ("sugar",),
            "target.kind": (*MAPPERS, "nearest", *TARGETS),
            "surrogates.space": ("w+", "w"),
            "surrogates.objective": ("paper", "official"),
            "surrogates.last_batch": ("filled", "short"),
            "pairs.view": ("pair", "step", "epoch"),
            "pairs.order": ("epochs", "draws"),
            "pairs.adjacent_target": ("surrogate", "shifted"),
            "pairs.norm_over": ("sample", "batch"),
            "pairs.alpha": ("pair", "batch"),
            "pairs.conditioning": ("frontal", "view"),
            "pairs.global_conditioning": ("frontal", "view"),
            "pairs.global_draw": ("step", "epoch"),
            "ewc.fisher": ("gauss-newton", "official", "official-still"),
            "ewc.output": ("planes", "image"),
            "ewc.centre": ("person", "mean"),
            "ewc.norm_over": ("sample", "batch"),
        },
        {
            **_WITHIN,
            "target.distance": Within(-1e6, 1e6),  # on the other side of the mean, as in Table 3
            "surrogates.width": _count(1, 4096),
            "surrogates.depth": _count(1, 100),
            "surrogates.epochs": _count(0, 10**6),
            "surrogates.batch": _count(1, 10**4),
            "surrogates.learning_rate": _RATE,
            "surrogates.accumulate": _count(1, 10**4),
            "surrogates.patience": _count(1, 10**6),
            "surrogates.min_delta": _WEIGHT,
            "surrogates.planes": _WEIGHT,
            "surrogates.perceptual": _WEIGHT,
            "surrogates.identity": _WEIGHT,
            "surrogates.enough": _SIMILARITY,
            "surrogates.distinct": _WEIGHT,
            "surrogates.power": Within(1, 100),
            "surrogates.candidates": _count(1, 10**6),
            "surrogates.highest_similarity": _SIMILARITY,
            "pairs.batch": _count(1, 10**4),
            "ewc.weight": _WEIGHT,
            "ewc.probes": _count(1, 10**4),
            "ewc.radius": _LENGTH,
            "ewc.planes": _WEIGHT,
            "ewc.learning_rate": _RATE,
            "ewc.perturbation": _LENGTH,
            "ewc.decay": Within(0, 1),
        },
        frozenset({"surrogates.file", "ewc.file"}),
    ),
}
