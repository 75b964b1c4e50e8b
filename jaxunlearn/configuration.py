"""From a config to the settings of a step, checked before anything long begins."""

import dataclasses
import math
from collections.abc import Iterable
from typing import Any

import jax
import jax.numpy as jnp
import optax

from eg3d_flax import Compute, GeneratorConfig
from jaxunlearn import latents
from jaxunlearn.errors import InputError
from jaxunlearn.pairs import GuideSampling, Terms
from jaxunlearn.presets import ConfigDict
from jaxunlearn.step import StepSettings

_CHOICES = {
    "method": ("guide",),
    "unit": ("absolute", "median_radius"),
    "target.kind": ("extrapolated", "mean", "interpolated"),
    "pairs.reduction": ("mean", "sum"),
    "pairs.view": ("pair", "step"),
    "pairs.pivot": ("model", "origin"),
    "rendering.noise_mode": ("const", "random", "none"),
    "rendering.draws": ("shared", "independent"),
    "rendering.dtype": ("float32", "bfloat16"),
    "evaluation.align": ("auto", "mtcnn", "landmarks", "fixed"),
    "optimiser.schedule": ("constant", "cosine"),
}
_AT_LEAST = {
    "seed": 0,
    "steps": 1,
    "log_every": 1,
    "images_every": 0,
    "checkpoint_every": 1,
    "checkpoints_kept": 1,
    "target.distance": 0,
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


def flat(config: ConfigDict) -> dict[str, Any]:
    """Dotted name → value."""

    def items(node: ConfigDict, prefix: str) -> Iterable[tuple[str, Any]]:
        for name, value in node.items():
            if hasattr(value, "items"):
                yield from items(value, f"{prefix}{name}.")
            else:
                yield f"{prefix}{name}", value

    return dict(items(config, ""))


def check(config: ConfigDict) -> None:
    """Refuse settings that make no sense.

    Raises:
      InputError: naming the setting.
    """
    values = flat(config)
    known = _CHOICES.keys() | _AT_LEAST.keys()
    for name in sorted(known - values.keys()):
        raise InputError(f"config.{name} is missing; start from a config of jaxunlearn.presets")
    for name in sorted(values.keys() - known):
        raise InputError(f"config.{name} is no setting of this method")
    for name, choices in _CHOICES.items():
        if values[name] not in choices:
            raise InputError(f"config.{name} is {values[name]!r}; choose from {', '.join(choices)}")
    for name, least in _AT_LEAST.items():
        value = values[name]
        if not isinstance(value, int | float) or not math.isfinite(value) or value < least:
            raise InputError(f"config.{name} must be at least {least:g}, not {value!r}")
    if config.evaluation.frechet_samples < config.evaluation.retained_people:
        raise InputError(
            "config.evaluation.frechet_samples must be at least config.evaluation.retained_people"
        )
    if not config.terms.planes + config.terms.perceptual + config.terms.identity > 0:
        raise InputError("config.terms: all three are 0, so there is nothing to learn")


def scale(config: ConfigDict, median_radius: float) -> float:
    """The unit of lengths in latent space."""
    return median_radius if config.unit == "median_radius" else 1.0


def target_latents(config: ConfigDict, ws: jax.Array, w_avg: jax.Array, median_radius: float) -> jax.Array:
    """What people with latents `[..., L, D]` become (`config.target`), in the same shape.

    Raises:
      InputError: if a latent is the mean face itself, from which nothing can be extrapolated.
    """
    kind = config.target.kind
    if kind == "mean":
        return latents.mean_target(ws, w_avg)
    if kind == "interpolated":
        return latents.interpolated_target(ws, w_avg, config.target.share)
    if float(jnp.min(jnp.linalg.norm(ws - w_avg, axis=(-2, -1)))) == 0:
        raise InputError("a latent is the mean face itself: no direction leads away from it; choose another")
    return latents.extrapolated_target(ws, w_avg, config.target.distance * scale(config, median_radius))


def step_settings(config: ConfigDict, model: GeneratorConfig, median_radius: float) -> StepSettings:
    """How the pairs of a step are drawn and rendered."""
    pairs = config.pairs
    terms = Terms(config.terms.planes, config.terms.perceptual, config.terms.identity)
    sampling = GuideSampling(
        local=terms,
        adjacent=terms,
        preserved=Terms(planes=0.0, perceptual=config.terms.perceptual, identity=0.0),
        num_adjacent=pairs.num_adjacent,
        num_global=pairs.num_global,
        lambda_adjacent=pairs.lambda_adjacent,
        lambda_global=pairs.lambda_global,
        reduction=pairs.reduction,
        alpha_max=pairs.alpha_max * scale(config, median_radius),
        max_yaw=math.radians(pairs.max_yaw),
        pitch=pairs.pitch,
        view=pairs.view,
        pivot=model.avg_camera_pivot if pairs.pivot == "model" else (0.0, 0.0, 0.0),
        radius=model.avg_camera_radius,
    )
    return StepSettings(
        sampling,
        noise_mode=config.rendering.noise_mode,
        draws=config.rendering.draws,
        neural_rendering_resolution=config.rendering.rays or None,
        compute=compute(config),
    )


def compute(config: ConfigDict) -> Compute:
    """The forms that suit this machine, in the config's dtype."""
    return dataclasses.replace(
        Compute.for_platform(jax.default_backend()),
        dtype=jnp.dtype(config.rendering.dtype),
        ray_chunk=config.rendering.ray_chunk or None,
    )


@dataclasses.dataclass(frozen=True)
class Adam:
    """Settings of the optimiser; the paper's learning rate is constant.

    Attributes:
      decay_steps: steps over which the learning rate falls to 0 as a cosine; None leaves it as it is.
    """

    learning_rate: float
    b1: float
    b2: float
    eps: float
    decay_steps: int | None

    def transformation(self) -> optax.GradientTransformation:
        """What optax makes of them."""
        rate: Any = self.learning_rate
        if self.decay_steps is not None:
            rate = optax.cosine_decay_schedule(rate, self.decay_steps)
        return optax.adam(rate, b1=self.b1, b2=self.b2, eps=self.eps)


def adam(config: ConfigDict) -> Adam:
    """`config.optimiser`."""
    settings = config.optimiser.to_dict()
    schedule = settings.pop("schedule")
    return Adam(**settings, decay_steps=config.steps if schedule == "cosine" else None)
