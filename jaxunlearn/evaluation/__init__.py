"""Measure what a run did to a generator: the forgotten people and everybody else, under the papers' names.

    reference = measure_source(source, judges, perceptual, AlexNetFeatures(lpips_flax.load("alex")), settings)
    figures = evaluate_generator(reference, unlearned, ws, ws_target)     # a flat dict, ready for JSON

`reference` holds all that depends on the source generator alone; it serves any number of runs.
"""

from jaxunlearn.evaluation.bundled_people.album import album_latents, can_render_albums
from jaxunlearn.evaluation.features import AlexNetFeatures, Features, InceptionFeatures
from jaxunlearn.evaluation.forgetting import measure_people, measure_person
from jaxunlearn.evaluation.judges import CalibratedJudge, CosineJudge, DlibJudge, Judge, Strangers
from jaxunlearn.evaluation.protocol import evaluate_generator, evaluate_together
from jaxunlearn.evaluation.reference import Reference, measure_source
from jaxunlearn.evaluation.retention import compare_retained
from jaxunlearn.evaluation.settings import EvaluationSettings
from jaxunlearn.evaluation.statistics.compare_runs import RunComparison, compare_runs
from jaxunlearn.evaluation.statistics.means import mean_figures

__all__ = [
    "AlexNetFeatures",
    "CalibratedJudge",
    "CosineJudge",
    "DlibJudge",
    "EvaluationSettings",
    "Features",
    "InceptionFeatures",
    "Judge",
    "Reference",
    "RunComparison",
    "Strangers",
    "album_latents",
    "can_render_albums",
    "compare_retained",
    "compare_runs",
    "evaluate_generator",
    "evaluate_together",
    "mean_figures",
    "measure_people",
    "measure_person",
    "measure_source",
]
