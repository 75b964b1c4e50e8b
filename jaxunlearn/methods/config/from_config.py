"""Turn a config into what methods and runs work with: targets, pairs, step, optimiser."""

import dataclasses
import math
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax.core import FrozenDict

from eg3d_flax import Compute, GeneratorConfig
from eg3d_flax.synthesis import NoiseMode
from jaxunlearn.errors import InputError
from jaxunlearn.methods import latents
from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.methods.many_pairs import ManySampling
from jaxunlearn.methods.pairs import PairSampling
from jaxunlearn.methods.registry import method_of
from jaxunlearn.methods.trained_part import BACKBONE, TrainedPart
from jaxunlearn.models.cameras import Views, field_of_view
from jaxunlearn.models.loading import Models
from jaxunlearn.process.devices import default_platform


def unit_length(config: ConfigDict, median_radius: float) -> float:
    """Return the length of `config.unit` in latent space."""
    return median_radius if config.unit == "median_radius" else 1.0


def target_latents(config: ConfigDict, ws: jax.Array, w_avg: jax.Array, median_radius: float) -> jax.Array:
    """Return the targets (`config.target`) of people with latents `[..., L, D]`, in the same shape.

    Raises:
      InputError: if a latent is the mean face itself, but for rounding: nothing can be extrapolated from it.
    """
    kind = config.target.kind
    if kind == "mean":
        return latents.mean_target(ws, w_avg)
    if kind == "interpolated":
        return latents.interpolated_target(ws, w_avg, config.target.share)
    if latents.any_is_mean(ws, w_avg):
        raise InputError("a latent is the mean face itself: no direction leads away from it; choose another")
    return latents.extrapolated_target(ws, w_avg, config.target.distance * unit_length(config, median_radius))


def formula_targets(models: Models, ws: np.ndarray, config: ConfigDict) -> np.ndarray:
    """Return the targets `[K, L, D]` of people `[K, L, D]` where `config.target` is a formula.

    Raises:
      InputError: see `target_latents`.
    """
    return np.asarray(target_latents(config, jnp.asarray(ws), models.w_avg, models.median_radius))


def check_formula_distance(config: ConfigDict) -> None:
    """Refuse a formula for targets that has no distance.

    Raises:
      InputError: with the name of the setting.
    """
    if config.target.kind != "extrapolated":
        raise InputError(f"config.target.kind {config.target.kind!r} has no distance to vary")


def drawn_views(config: ConfigDict, model: GeneratorConfig) -> Views:
    """Return the views that a method draws from."""
    return Views(
        max_yaw=math.radians(config.pairs.max_yaw),
        pitch=config.pairs.pitch,
        pivot=model.avg_camera_pivot if config.pairs.pivot == "model" else (0.0, 0.0, 0.0),
        radius=model.avg_camera_radius,
        fov=field_of_view(model),
    )


def drawing(config: ConfigDict, model: GeneratorConfig, unit: float) -> dict[str, Any]:
    """Return the fields of `CommonSampling`, and `view`, as a config has them; see `Method.sampling`."""
    pairs = config.pairs
    return {
        "terms": FrozenDict(config.terms.to_dict()),
        "num_adjacent": pairs.num_adjacent,
        "num_global": pairs.num_global,
        "lambda_adjacent": pairs.lambda_adjacent,
        "lambda_global": pairs.lambda_global,
        "reduction": pairs.reduction,
        "alpha_max": pairs.alpha_max * unit,
        "view": pairs.view,
        "views": drawn_views(config, model),
    }


def many_sampling(
    config: ConfigDict, model: GeneratorConfig, unit: float, people: int, adjacent_target: Any
) -> ManySampling:
    """Return how pairs are drawn where `people` share a generator.

    Args:
      config: checked.
      model: sizes and cameras of the generator.
      unit: length of `config.unit` in latent space.
      people: number of people who share the generator.
      adjacent_target: see `ManySampling`.
    """
    pairs = config.pairs
    return ManySampling(
        people=people,
        batch=pairs.batch,
        order=pairs.order,
        adjacent_target=adjacent_target,
        norm_over=pairs.norm_over,
        alpha=pairs.alpha,
        conditioning=pairs.conditioning,
        global_conditioning=pairs.global_conditioning,
        global_draw=pairs.global_draw,
        **drawing(config, model, unit),
    )


def compute(config: ConfigDict, platform: str | None = None) -> Compute:
    """Return the forms of computation for a platform, in the config's dtype; None is this machine's."""
    return dataclasses.replace(
        Compute.for_platform(platform or default_platform()),
        dtype=jnp.dtype(config.rendering.dtype),
        ray_chunk=config.rendering.ray_chunk or None,
        keep_features=config.rendering.keep_features,
        fused=config.rendering.fused,
    )


@dataclasses.dataclass(frozen=True)
class StepSettings:
    """How the pairs of a step are drawn and rendered.

    Attributes:
      sampling: draws the method's pairs.
      noise_mode: noise of the synthesis network; the official code leaves it at "random".
      draws: "shared" uses the same noise and jitter on both sides of a pair, and the same planes for the
        planes term and for the image. "independent" draws each anew, as the official code does: even equal
        generators differ, and planes are computed twice.
      neural_rendering_resolution: rays along each side; None takes the model's.
      compute: dtype and forms of computation.
      part: what is trained.
    """

    sampling: PairSampling
    noise_mode: NoiseMode = "const"
    draws: Literal["shared", "independent"] = "shared"
    neural_rendering_resolution: int | None = None
    compute: Compute = dataclasses.field(default_factory=Compute)
    part: TrainedPart = BACKBONE


def step_settings(
    config: ConfigDict,
    model: GeneratorConfig,
    median_radius: float,
    people: int = 1,
    *,
    platform: str | None = None,
) -> StepSettings:
    """Return how the pairs of a step are drawn and rendered.

    Args:
      config: checked.
      model: sizes and cameras of the generator.
      median_radius: its median ‖w - w̄‖.
      people: number of people who share a generator copy.
      platform: see `compute`.
    """
    method = method_of(config)
    return StepSettings(
        method.sampling(config, model, unit_length(config, median_radius), people),
        noise_mode=config.rendering.noise_mode,
        draws=config.rendering.draws,
        neural_rendering_resolution=config.rendering.rays or None,
        compute=compute(config, platform),
        part=method.trained_part(config, model),
    )


@dataclasses.dataclass(frozen=True)
class Adam:
    """Settings of Adam; the papers' learning rate is constant.

    Attributes:
      decay_steps: steps over which the learning rate falls to 0 as a cosine; None leaves it as it is.
    """

    learning_rate: float
    b1: float
    b2: float
    eps: float
    decay_steps: int | None

    def transformation(self) -> optax.GradientTransformation:
        """Return them as an optimiser of optax."""
        rate: Any = self.learning_rate
        if self.decay_steps is not None:
            rate = optax.cosine_decay_schedule(rate, self.decay_steps)
        return optax.adam(rate, b1=self.b1, b2=self.b2, eps=self.eps)


def adam(config: ConfigDict) -> Adam:
    """Return the settings of `config.optimiser`."""
    settings = config.optimiser.to_dict()
    schedule = settings.pop("schedule")
    return Adam(**settings, decay_steps=config.steps if schedule == "cosine" else None)
