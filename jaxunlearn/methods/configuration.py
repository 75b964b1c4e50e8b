"""From a config to the settings of a step, checked before anything long begins."""

from eg3d_flax import GeneratorConfig
from jaxunlearn.errors import InputError
from jaxunlearn.methods.base import StepSettings
from jaxunlearn.methods.from_config import compute, scale
from jaxunlearn.methods.registry import method_of
from jaxunlearn.methods.settings import ConfigDict, check_declared


def check(config: ConfigDict) -> None:
    """Refuse settings that make no sense.

    Raises:
      InputError: naming the setting.
    """
    method = method_of(config)
    check_declared(config, method.declaration(config))
    if config.evaluation.frechet_samples < config.evaluation.retained_people:
        raise InputError(
            "config.evaluation.frechet_samples must be at least config.evaluation.retained_people"
        )
    if not sum(config.terms.values()) > 0:
        raise InputError("config.terms: all weights are 0, so there is nothing to learn")
    method.check(config)


def step_settings(
    config: ConfigDict,
    model: GeneratorConfig,
    median_radius: float,
    people: int = 1,
    *,
    platform: str | None = None,
) -> StepSettings:
    """How the pairs of a step are drawn and rendered; `people` share one generator copy; see `compute`."""
    return StepSettings(
        method_of(config).sampling(config, model, scale(config, median_radius), people),
        noise_mode=config.rendering.noise_mode,
        draws=config.rendering.draws,
        neural_rendering_resolution=config.rendering.rays or None,
        compute=compute(config, platform),
    )
