"""The settings that the goldens are of: how official programs draw pairs, learn surrogates, protect others.

Tests of whole steps run with these, and `test_official_presets.py` holds the presets to them.
"""

import dataclasses

from jaxunlearn.methods.guide.pairs import GuideSampling
from jaxunlearn.methods.legato.pairs import LegatoSampling
from jaxunlearn.methods.many_pairs import ManySampling
from jaxunlearn.methods.sugar.fisher import FisherSettings
from jaxunlearn.methods.sugar.mappers.mapper_loss import MapperWeights
from jaxunlearn.methods.sugar.mappers.mapper_training import MapperTraining
from jaxunlearn.models.cameras import Views

ORIGIN = Views(pivot=(0.0, 0.0, 0.0))
"""Cameras look here with released files, which lack the pivot's name that the official code asks for."""

NAMED_PIVOT = Views(pivot=(0.0, 0.0, 0.2))
"""They look here with a file that has it."""

GUIDE = GuideSampling(reduction="sum", view="step", views=ORIGIN)
LEGATO = LegatoSampling(reduction="sum", view="step", views=ORIGIN, trajectory=1.0, last_increment=1.0)
SUGAR = ManySampling(
    people=2,
    batch=2,
    num_adjacent=2,
    reduction="sum",
    norm_over="batch",
    alpha="batch",
    view="epoch",
    conditioning="view",
    views=ORIGIN,
)
GUIDE_OF_MANY = dataclasses.replace(SUGAR, adjacent_target="shifted", num_global=2, global_draw="epoch")

MAPPER_WEIGHTS = MapperWeights(planes=0.01, perceptual=1.0, identity=0.1)
MAPPER_TRAINING = MapperTraining(batch=2, last_batch="short")
FISHER = FisherSettings(
    estimator="official", radius=40.0, centre="mean", norm_over="batch", weight=0.01, noise_mode="random"
)
