"""Which settings a method has, and what values make sense: tables that `configuration.check` reads."""

import math
from collections.abc import Mapping
from typing import NamedTuple

TARGETS = ("extrapolated", "mean", "interpolated")
MAPPERS = ("mapper-unet", "mapper-transformer")


class Allowed(NamedTuple):
    """Dotted names of settings; together they are all that a config of the method may hold."""

    choices: Mapping[str, tuple[str, ...]]
    at_least: Mapping[str, float]
    free: frozenset[str] = frozenset()


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
_AT_LEAST = {
    "seed": 0,
    "steps": 1,
    "copies_at_once": 0,
    "log_every": 1,
    "images_every": 0,
    "checkpoint_every": 1,
    "checkpoints_kept": 1,
    "target.share": 0,
    "pairs.num_adjacent": 0,
    "pairs.num_global": 0,
    "pairs.lambda_adjacent": 0,
    "pairs.lambda_global": 0,
    "pairs.alpha_max": 0,
    "pairs.max_yaw": 0,
    "pairs.pitch": -math.pi / 2,
    "terms.planes": 0,
    "terms.perceptual": 0,
    "terms.identity": 0,
    "rendering.rays": 0,
    "rendering.ray_chunk": 0,
    "optimiser.learning_rate": 0,
    "optimiser.b1": 0,
    "optimiser.b2": 0,
    "optimiser.eps": 0,
    "evaluation.views": 1,
    "evaluation.album": 0,
    "evaluation.retained_people": 1,
    "evaluation.frechet_samples": 2,
    "evaluation.batch": 1,
    "evaluation.seed": 0,
}

ALLOWED: Mapping[str, Allowed] = {
    "guide": Allowed(
        {**_CHOICES, "method": ("guide",), "target.kind": TARGETS, "pairs.view": ("pair", "step")},
        {**_AT_LEAST, "target.distance": 0},
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
            **_AT_LEAST,
            "target.distance": -math.inf,  # on the other side of the mean, as in Table 3
            "surrogates.width": 1,
            "surrogates.depth": 1,
            "surrogates.epochs": 0,
            "surrogates.batch": 1,
            "surrogates.learning_rate": 0,
            "surrogates.accumulate": 1,
            "surrogates.patience": 1,
            "surrogates.min_delta": 0,
            "surrogates.planes": 0,
            "surrogates.perceptual": 0,
            "surrogates.identity": 0,
            "surrogates.enough": -1,
            "surrogates.distinct": 0,
            "surrogates.power": 1,
            "surrogates.candidates": 1,
            "surrogates.highest_similarity": -1,
            "pairs.batch": 1,
            "ewc.weight": 0,
            "ewc.probes": 1,
            "ewc.radius": 0,
            "ewc.planes": 0,
            "ewc.learning_rate": 0,
            "ewc.perturbation": 0,
            "ewc.decay": 0,
        },
        frozenset({"surrogates.file", "ewc.file"}),
    ),
}
