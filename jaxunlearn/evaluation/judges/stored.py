"""Thresholds of the bundled judges on the bundled model, measured once on several hundred people."""

import importlib.resources
import json
from collections.abc import Iterable

import jax

from jaxunlearn.evaluation.judges.calibrated import CalibratedJudge
from jaxunlearn.evaluation.judges.judge import Judge
from jaxunlearn.evaluation.judges.strangers import Strangers
from jaxunlearn.evaluation.settings import EvaluationSettings
from jaxunlearn.models.generator import sha256_of_arrays
from jaxunlearn.models.loading import Models

FILE = importlib.resources.files("jaxunlearn.zoo") / "judges.json"
"""Made by `tools/calibrate_judges.py`."""


def with_stored_thresholds(
    judges: Iterable[Judge], models: Models, settings: EvaluationSettings
) -> list[Judge | CalibratedJudge]:
    """Return judges, with their thresholds where `stored_calibration` has some."""
    return [stored_calibration(judge, models.fingerprint, settings) or judge for judge in judges]


def stored_calibration(judge: Judge, generator: str, settings: EvaluationSettings) -> CalibratedJudge | None:
    """Return a judge with its stored thresholds; None if they are of other networks or views.

    Args:
      judge: who compares.
      generator: fingerprint of the source generator, see `models.loading.Models.fingerprint`.
      settings: of the evaluation.
    """
    stored = json.loads(FILE.read_text())
    if settings.pivot != "model":
        return None
    known = stored["judges"].get(judge.name)
    if known is None or stored["generator"] != generator or stored["views"] != views_of(settings):
        return None
    if (known["network"], known["align"]) != (fingerprint_of_judge(judge), judge.align):
        return None
    return CalibratedJudge(
        judge, {setup: Strangers.from_json(values) for setup, values in known["strangers"].items()}
    )


def views_of(settings: EvaluationSettings) -> dict[str, float]:
    """Return the settings that thresholds depend on."""
    return {
        "views": settings.views,
        "max_yaw": round(settings.max_yaw, 6),
        "pitch": settings.pitch,
        "wide_yaw": round(settings.wide_yaw, 6),
        "truncation_psi": settings.truncation_psi,
    }


def fingerprint_of_judge(judge: Judge) -> str:
    """Return the SHA-256 of the weights of a judge's network in hexadecimal."""
    return sha256_of_arrays(jax.tree.leaves(judge.network))
