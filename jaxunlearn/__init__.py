"""Make a pretrained face generator forget people.

models = jaxunlearn.load_models("heads")
people = jaxunlearn.people_from_seeds(models, [7])
config = jaxunlearn.preset("guide/heads")
result = jaxunlearn.unlearn(models, people, config, workdir="runs/python")
figures = jaxunlearn.evaluate(models, result, config)
found = jaxunlearn.attack(models, result, config)
images = jaxunlearn.render(result.generators[0], people, yaw=[-30, 0, 30])
"""

import importlib
from typing import TYPE_CHECKING, Any

from jaxunlearn.errors import InputError, Interrupted

if TYPE_CHECKING:
    from jaxunlearn.attacks.attack import attack
    from jaxunlearn.baking.bake import Baked, bake
    from jaxunlearn.evaluation.evaluate import evaluate
    from jaxunlearn.methods.registry import preset, preset_names
    from jaxunlearn.models.loading import Models, load_models
    from jaxunlearn.photos.inversion.invert import InvertedPhotos, invert, people_from_photos
    from jaxunlearn.photos.people import People, people_from_latents, people_from_seeds
    from jaxunlearn.reporting.render import render
    from jaxunlearn.sharding import make_mesh
    from jaxunlearn.training.result import Result, load_result
    from jaxunlearn.training.trainer import Callback, Moment
    from jaxunlearn.training.unlearn import unlearn

    __version__: str

_HOMES = {
    "Baked": "baking.bake",
    "Callback": "training.trainer",
    "InvertedPhotos": "photos.inversion.invert",
    "Models": "models.loading",
    "Moment": "training.trainer",
    "People": "photos.people",
    "Result": "training.result",
    "attack": "attacks.attack",
    "bake": "baking.bake",
    "evaluate": "evaluation.evaluate",
    "invert": "photos.inversion.invert",
    "load_models": "models.loading",
    "load_result": "training.result",
    "make_mesh": "sharding",
    "people_from_latents": "photos.people",
    "people_from_photos": "photos.inversion.invert",
    "people_from_seeds": "photos.people",
    "preset": "methods.registry",
    "preset_names": "methods.registry",
    "render": "reporting.render",
    "unlearn": "training.unlearn",
}

__all__ = [
    "Baked",
    "Callback",
    "InputError",
    "Interrupted",
    "InvertedPhotos",
    "Models",
    "Moment",
    "People",
    "Result",
    "__version__",
    "attack",
    "bake",
    "evaluate",
    "invert",
    "load_models",
    "load_result",
    "make_mesh",
    "people_from_latents",
    "people_from_photos",
    "people_from_seeds",
    "preset",
    "preset_names",
    "render",
    "unlearn",
]


def __getattr__(name: str) -> Any:
    """Return a public name on its first use: the command line's --help must not wait for JAX."""
    if name in _HOMES:
        return getattr(importlib.import_module(f"jaxunlearn.{_HOMES[name]}"), name)
    if name == "__version__":
        return importlib.import_module("importlib.metadata").version("jaxunlearn")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Return all names, also those that were not used yet."""
    return sorted({*globals(), *__all__})
