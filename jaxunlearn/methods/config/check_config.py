"""Check a config before anything long begins, and name the setting that is wrong."""

import ml_collections

from eg3d_flax import GeneratorConfig
from jaxunlearn.errors import InputError
from jaxunlearn.methods.config.declaration import ConfigDict, check_declared
from jaxunlearn.methods.registry import method_of
from lpips_flax import LPIPS


def check(config: ConfigDict) -> None:
    """Refuse settings that are unknown, out of range, or contradict each other.

    Raises:
      InputError: with the name of the setting; also if it is no such config.
    """
    _check_type(config)
    method = method_of(config)
    check_declared(config, method.declaration(config))
    if config.evaluation.strangers == 1:
        raise InputError("config.evaluation.strangers must be 0 or at least 2, to have a pair")
    if config.evaluation.frechet_samples < config.evaluation.retained_people:
        raise InputError(
            "config.evaluation.frechet_samples must be at least config.evaluation.retained_people"
        )
    if not sum(config.terms.values()) > 0:
        raise InputError("config.terms: all weights are 0, so there is nothing to learn")
    method.check(config)


def _check_type(config: object) -> None:
    """Refuse a `dict` and the like, whose settings are no attributes.

    Raises:
      InputError: naming the type.
    """
    if not isinstance(config, ml_collections.ConfigDict):
        kind = type(config).__name__
        raise InputError(f"a config must be a ConfigDict, as jaxunlearn.preset returns it, not {kind}")


def check_rays(config: ConfigDict, model: GeneratorConfig, perceptual: LPIPS) -> None:
    """Refuse more rays than the generator's super-resolution takes, and images too small for LPIPS.

    Raises:
      InputError: with the name of the setting.
    """
    if model.most_rays is not None and config.rendering.rays > model.most_rays:
        raise InputError(
            f"config.rendering.rays is {config.rendering.rays}, but this generator's super-resolution "
            f"({model.superresolution_module}) takes at most {model.most_rays}; lower it, or choose 0"
        )
    least, side = perceptual.features.backbone.least_side, config.rendering.rays
    if model.superresolution_module == "none" and config.terms.perceptual and 0 < side < least:
        raise InputError(
            f"config.rendering.rays is {side}, as is then the side of this generator's images, but the "
            f"network of config.terms.perceptual takes at least {least}; raise it, or choose 0"
        )
