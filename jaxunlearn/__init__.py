"""Make a pretrained face generator forget people.

models = jaxunlearn.load_models("heads")
result = jaxunlearn.unlearn(models, ws, jaxunlearn.methods.guide.presets.heads(), workdir="runs/person")
figures = jaxunlearn.evaluate(models, result, jaxunlearn.methods.guide.presets.heads())
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jaxunlearn.evaluation.evaluate import evaluate
    from jaxunlearn.methods import latents
    from jaxunlearn.methods.guide import presets
    from jaxunlearn.methods.sugar import presets as sugar_presets
    from jaxunlearn.models.loading import load_models
    from jaxunlearn.training.unlearn import unlearn

__all__ = ["evaluate", "latents", "load_models", "presets", "sugar_presets", "unlearn"]

_HOMES = {"evaluate": "measurement", "load_models": "models", "unlearn": "runner"}


def __getattr__(name: str) -> Any:
    """Import on first use: the command line's --help must not wait for JAX."""
    if name in _HOMES:
        return getattr(importlib.import_module(f"jaxunlearn.{_HOMES[name]}"), name)
    if name in __all__:
        return importlib.import_module(f"jaxunlearn.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
