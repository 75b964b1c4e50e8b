"""From a config to the settings of a step, checked before anything long begins."""

import dataclasses
import functools
import math
from collections.abc import Iterable
from typing import Any

import jax
import jax.numpy as jnp
import optax

from eg3d_flax import Compute, GeneratorConfig
from jaxunlearn.errors import InputError, shortened
from jaxunlearn.files.door import local_path
from jaxunlearn.methods import latents
from jaxunlearn.methods.allowed_settings import ALLOWED, MAPPERS
from jaxunlearn.methods.base import PairSampling, StepSettings, Terms
from jaxunlearn.methods.guide.pairs import GuideSampling
from jaxunlearn.methods.guide.presets import ConfigDict
from jaxunlearn.methods.sugar.fisher import RetentionSettings
from jaxunlearn.methods.sugar.mapper_training import MapperTraining
from jaxunlearn.methods.sugar.pairs import ManySampling
from jaxunlearn.methods.sugar.transformer import HEADS as ATTENTION_HEADS


def flat(config: ConfigDict) -> dict[str, Any]:
    """Dotted name → value."""

    def items(node: ConfigDict, prefix: str) -> Iterable[tuple[str, Any]]:
        for name, value in node.items():
            if hasattr(value, "items"):
                yield from items(value, f"{prefix}{name}.")
            else:
                yield f"{prefix}{name}", value

    return dict(items(config, ""))


def shown(value: object) -> str:
    """A value for a message, cut to length."""
    try:
        text = repr(value)
    except ValueError:  # a whole number of thousands of digits
        text = "a longer number"
    return shortened(text)


def check(config: ConfigDict) -> None:
    """Refuse settings that make no sense.

    Raises:
      InputError: naming the setting.
    """
    values = flat(config)
    method = str(values.get("method"))
    if method not in ALLOWED:
        raise InputError(f"config.method is {shown(method)}; choose from {', '.join(ALLOWED)}")
    choices_of, within, files = ALLOWED[method]
    known = choices_of.keys() | within.keys() | files
    for name in sorted(known - values.keys()):
        raise InputError(f"config.{name} is missing; start from a config of jaxunlearn.methods.guide.presets")
    for name in sorted(values.keys() - known):
        raise InputError(f"config.{name} is no setting of this method")
    for name, choices in choices_of.items():
        if values[name] not in choices:
            raise InputError(f"config.{name} is {shown(values[name])}; choose from {', '.join(choices)}")
    for name, limits in within.items():
        if values[name] not in limits:
            raise InputError(f"config.{name} must be {limits}, not {shown(values[name])}")
    for name in files:
        if not isinstance(values[name], str):
            raise InputError(f"config.{name} must be the name of a file or empty, not {shown(values[name])}")
        local_path(values[name])
    if config.evaluation.frechet_samples < config.evaluation.retained_people:
        raise InputError(
            "config.evaluation.frechet_samples must be at least config.evaluation.retained_people"
        )
    if not config.terms.planes + config.terms.perceptual + config.terms.identity > 0:
        raise InputError("config.terms: all three are 0, so there is nothing to learn")
    if method == "sugar":
        _check_many(config)


def _check_many(config: ConfigDict) -> None:
    kind, pairs = config.target.kind, config.pairs
    has_function = kind in (*MAPPERS, "extrapolated")
    if pairs.adjacent_target == "surrogate" and pairs.num_adjacent and not has_function:
        raise InputError(
            f'config.pairs.adjacent_target is "surrogate", but config.target.kind {kind!r} says only what '
            'the people themselves become; choose "shifted"'
        )
    if kind == "mapper-transformer" and config.surrogates.width % ATTENTION_HEADS:
        raise InputError(
            f"config.surrogates.width must be a multiple of {ATTENTION_HEADS}, the transformer's attention "
            f"heads, not {config.surrogates.width}"
        )
    if config.target.distance == 0 and has_function:
        raise InputError("config.target.distance is 0: everybody would become the mean face; choose another")
    if config.ewc.output == "image" and config.ewc.fisher != "gauss-newton":
        raise InputError('config.ewc.output "image" needs config.ewc.fisher "gauss-newton"')


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


def step_settings(
    config: ConfigDict,
    model: GeneratorConfig,
    median_radius: float,
    people: int = 1,
    *,
    platform: str | None = None,
) -> StepSettings:
    """How the pairs of a step are drawn and rendered; `people` share one generator copy; see `compute`."""
    make = _guide_sampling if config.method == "guide" else functools.partial(_many_sampling, people=people)
    return StepSettings(
        make(config, model, scale(config, median_radius)),
        noise_mode=config.rendering.noise_mode,
        draws=config.rendering.draws,
        neural_rendering_resolution=config.rendering.rays or None,
        compute=compute(config, platform),
    )


def _terms(config: ConfigDict) -> Terms:
    return Terms(config.terms.planes, config.terms.perceptual, config.terms.identity)


def cameras(config: ConfigDict, model: GeneratorConfig) -> dict[str, Any]:
    """`max_yaw`, `pitch`, `pivot` and `radius` of the views that a method draws."""
    return {
        "max_yaw": math.radians(config.pairs.max_yaw),
        "pitch": config.pairs.pitch,
        "pivot": model.avg_camera_pivot if config.pairs.pivot == "model" else (0.0, 0.0, 0.0),
        "radius": model.avg_camera_radius,
    }


def _guide_sampling(config: ConfigDict, model: GeneratorConfig, unit: float) -> PairSampling:
    pairs = config.pairs
    return GuideSampling(
        local=_terms(config),
        adjacent=_terms(config),
        preserved=Terms(planes=0.0, perceptual=config.terms.perceptual, identity=0.0),
        num_adjacent=pairs.num_adjacent,
        num_global=pairs.num_global,
        lambda_adjacent=pairs.lambda_adjacent,
        lambda_global=pairs.lambda_global,
        reduction=pairs.reduction,
        alpha_max=pairs.alpha_max * unit,
        view=pairs.view,
        **cameras(config, model),
    )


def _many_sampling(config: ConfigDict, model: GeneratorConfig, unit: float, *, people: int) -> PairSampling:
    pairs = config.pairs
    return ManySampling(
        people=people,
        batch=pairs.batch,
        order=pairs.order,
        local=_terms(config),
        neighbour=_terms(config),
        preserved=Terms(planes=0.0, perceptual=config.terms.perceptual, identity=0.0),
        num_neighbours=pairs.num_adjacent,
        num_global=pairs.num_global,
        lambda_neighbour=pairs.lambda_adjacent,
        lambda_global=pairs.lambda_global,
        reduction=pairs.reduction,
        neighbour_target=pairs.adjacent_target,
        norm_over=pairs.norm_over,
        alpha=pairs.alpha,
        alpha_max=pairs.alpha_max * unit,
        conditioning=pairs.conditioning,
        global_conditioning=pairs.global_conditioning,
        global_draw=pairs.global_draw,
        view=pairs.view,
        **cameras(config, model),
    )


def mapper_training(config: ConfigDict) -> MapperTraining:
    """How SUGAR's mapper is trained (`config.surrogates`)."""
    of = config.surrogates
    names = (field.name for field in dataclasses.fields(MapperTraining))
    return MapperTraining(**{name: of[name] for name in names})


def retention(config: ConfigDict, median_radius: float) -> RetentionSettings:
    """How SUGAR measures what matters (`config.ewc`)."""
    of = config.ewc
    return RetentionSettings(
        estimator=of.fisher,
        output=of.output,
        probes=of.probes,
        radius=of.radius * scale(config, median_radius),
        centre=of.centre,
        norm_over=of.norm_over,
        weight=of.planes,
        learning_rate=of.learning_rate,
        perturbation=of.perturbation,
        noise_mode=config.rendering.noise_mode,
        compute=compute(config),
    )


def compute(config: ConfigDict, platform: str | None = None) -> Compute:
    """The forms that suit a platform, None for this machine's, in the config's dtype."""
    return dataclasses.replace(
        Compute.for_platform(platform or jax.default_backend()),
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
