"""The measured source of `tiny_models`: an evaluation that takes seconds."""

import dataclasses
import functools

import jax
import jax.numpy as jnp

from jaxunlearn.evaluation import CosineJudge, EvaluationSettings, Reference, measure_source
from tests.support.tiny_models import tiny_models

SETTINGS = EvaluationSettings(views=3, retained_people=2, frechet_samples=4, strangers=0, batch=4)


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class MeanColour:
    """The simplest features."""

    @property
    def name(self) -> str:
        return "mean colour"

    def __call__(self, images: jax.Array) -> jax.Array:
        return jnp.mean(images, axis=(1, 2))


@functools.cache
def tiny_reference(settings: EvaluationSettings = SETTINGS) -> Reference:
    models = tiny_models()
    judge = CosineJudge(models.judge)
    return measure_source(models.generator, judge, models.perceptual, MeanColour(), settings, progress=False)
