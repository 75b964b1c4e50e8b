"""Ask all detectors who was erased, with the source generator as control.

`N` forgotten and `M` retained people, `L` rows of ws (num_ws), `D` w_dim.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from tqdm import tqdm

import lpips_flax
from eg3d_flax import Compute
from jaxunlearn.attacks.draws import BACKGROUND, RETAINED, key_of
from jaxunlearn.attacks.erasure import chance
from jaxunlearn.attacks.erasure.classifier import trained_classifier
from jaxunlearn.attacks.erasure.detectors import (
    Detector,
    nearest_centroid,
    one_class_scores,
    score_detector,
)
from jaxunlearn.attacks.erasure.erasure_map import ErasureMap, erasure_map
from jaxunlearn.attacks.erasure.observation import Instruments, Observation, observe
from jaxunlearn.attacks.erasure.settings import ErasureSettings
from jaxunlearn.errors import InputError
from jaxunlearn.evaluation.features import AlexNetFeatures, Features
from jaxunlearn.methods.latents import repeated
from jaxunlearn.models.cameras import conditioning_view
from jaxunlearn.models.generator import Generator
from jaxunlearn.models.loading import Models
from jaxunlearn.models.renderer import Renderer, default_compute
from jaxunlearn.process.jax_settings import pinned_settings

LEAST_FOR_AUC = 2
LEAST_FOR_CLASSIFIER = 5


class Erasure(NamedTuple):
    """Who was erased, as far as an attacker can tell."""

    figures: dict[str, Any]
    """Ready for JSON:

    - `erasure_auc`: name of a detector → `auc`, `interval` (95 %, bootstrap over people) and `p_value`
      (against random labels, two-sided). 0.5 is chance, and 1 means that all are told apart. Below 0.5 the
      forgotten are less conspicuous than others. With too few people `auc` is None, and `reason` says why.
    - `strongest`: the detector farthest from 0.5, with a `p_value` that is corrected for this choice.
    - `erasure_ranks`: for each forgotten person the share of retained people who are less conspicuous.
    - `source`: the same figures of the source's pictures. It is the control, and its AUCs should be near 0.5.
    - `above_source`: how much the AUC exceeds that of the source, with interval.
    - `with_source`: the detector that compares both generators.
    - `people`, `networks`, `settings`: how it was measured.

    For a single person there are only ranks.
    """

    map: ErasureMap
    """The people in both generators as points of a plane, for `draw_erasure_map`."""


@pinned_settings()
def detect_erasure(
    models: Models,
    unlearned: Generator,
    ws: jax.Array,
    settings: ErasureSettings | None = None,
    *,
    retained_ws: jax.Array | None = None,
    features: Features | None = None,
    compute: Compute | None = None,
    progress: bool = True,
) -> Erasure:
    """Try to tell forgotten people from people who were never forgotten.

    The attacker has the unlearned generator, the public mean latent, and everybody's latents. Their identity
    network is the one of the loss, so the judges stay apart. The attacker does not know the source generator.
    With it the question is trivial, and `with_source` shows that.

    Args:
      models: the source generator and the networks of the loss.
      unlearned: the same generator after unlearning.
      ws: `[N, L, D]`, latents of the forgotten people.
      settings: numbers of people, views and draws.
      retained_ws: `[M, L, D]`, people who were not forgotten; None draws random people. Give latents of the
        same origin as `ws`: latents of photos differ from random ones in every generator.
      features: network that describes pictures; None uses AlexNet's.
      compute: dtype and forms; None takes `renderer.default_compute`.
      progress: True shows progress bars.

    Returns:
      Map and figures; `Erasure` lists the figures.

    Raises:
      InputError: if `ws` or `retained_ws` are not latents of the generator, or repeat a latent.
    """
    settings = settings or ErasureSettings()
    background_ws, random_ws = _never_forgotten(models.generator, settings)
    tested = (jnp.asarray(ws), random_ws if retained_ws is None else jnp.asarray(retained_ws))
    _check(*tested, background_ws.shape[1:], settings)
    instruments = Instruments(models.identity, features or AlexNetFeatures(lpips_flax.load("alex")))
    renderer = Renderer(models.generator, batch=settings.batch, compute=compute or default_compute())
    everybody = jnp.concatenate([*tested, background_ws])

    def seen_in(name: str, generator: Generator) -> Observation:
        title, own = f"people of the {name} generator", renderer.with_generator(generator)
        return observe(own, instruments, everybody, models.w_avg, settings, title=title, progress=progress)

    source, changed = seen_in("source", models.generator), seen_in("unlearned", unlearned)
    counts = {"forgotten": len(tested[0]), "retained": len(tested[1]), "background": len(background_ws)}
    figures = {
        **_compared(source, changed, counts["forgotten"], counts["retained"], settings, progress),
        "people": {**counts, "views": settings.views},
        "networks": {"identity": instruments.identity.name, "features": instruments.features.name},
        "settings": dataclasses.asdict(settings),
    }
    tests = slice(counts["forgotten"] + counts["retained"])
    points = erasure_map(source.identity[tests], changed.identity[tests], forgotten=counts["forgotten"])
    return Erasure(figures, points)


def _never_forgotten(source: Generator, settings: ErasureSettings) -> tuple[jax.Array, jax.Array]:
    """Return latents of the background and of the retained people, each from their own key."""
    size = source.config.z_dim
    background = jax.random.normal(key_of(settings.seed, BACKGROUND), (settings.background, size))
    retained = jax.random.normal(key_of(settings.seed, RETAINED), (settings.retained, size))
    ws = source.mapping(
        jnp.concatenate([background, retained]),
        conditioning_view(source.config, settings.background + settings.retained),
    )
    return ws[: settings.background], ws[settings.background :]


def _check(ws: jax.Array, retained_ws: jax.Array, shape: tuple[int, ...], settings: ErasureSettings) -> None:
    for name, latents, least in (("ws", ws, 1), ("retained_ws", retained_ws, 2 * settings.folds)):
        if latents.shape[1:] != shape or len(latents) < least:
            wanted = ", ".join(map(str, shape))
            raise InputError(
                f"{name} has shape {list(latents.shape)}; give at least {least} latents as [N, {wanted}]"
            )
    pair = repeated(np.concatenate([ws, retained_ws]))
    if pair is not None:
        raise InputError(
            f"latents {pair[0]} and {pair[1]} of ws and retained_ws are the same; give each person once"
        )


def _compared(
    source: Observation,
    unlearned: Observation,
    forgotten: int,
    retained: int,
    settings: ErasureSettings,
    progress: bool,
) -> dict[str, Any]:
    """Return all figures, from what is seen of the forgotten, the retained and the background, in order."""
    people = forgotten + retained
    suspicious = _Suspects.of(unlearned, forgotten, people, settings)
    control = _Suspects.of(source, forgotten, people, settings)
    # One minus the cosine of unit vectors, and exactly 0 for equal pictures.
    change = np.mean(np.sum((source.by_view - unlearned.by_view) ** 2, axis=-1), axis=1)[:people] / 2
    ranks = {name: _ranks(scores, forgotten) for name, scores in suspicious.scores.items()}
    if forgotten < LEAST_FOR_AUC:
        return {
            "erasure_auc": {
                **{name: _missing(LEAST_FOR_AUC) for name in suspicious.detectors},
                **{name: _missing(least) for name, least in suspicious.missing.items()},
            },
            "erasure_ranks": ranks,
            "source": {
                "erasure_ranks": {name: _ranks(scores, forgotten) for name, scores in control.scores.items()}
            },
            "with_source": {"erasure_ranks": _ranks(change, forgotten)},
        }
    draws = chance.Resamplings.draw(forgotten, retained, settings.bootstrap_draws, settings.seed)
    resampled = [suspects.resampled(draws) for suspects in (suspicious, control)]
    wins = score_detector(change, forgotten)(np.arange(people))
    return {
        **suspicious.figures(resampled[0], settings, "relabellings", progress),
        "erasure_ranks": ranks,
        "source": control.figures(resampled[1], settings, "relabellings of the source", progress),
        "above_source": {
            name: {
                "difference": aucs.auc - resampled[1][name].auc,
                "interval": chance.percentile_interval(aucs.draws - resampled[1][name].draws),
            }
            for name, aucs in resampled[0].items()
        },
        "with_source": {"auc": wins.auc, "interval": chance.percentile_interval(draws.aucs(wins))},
    }


class _Resampled(NamedTuple):
    auc: float
    draws: np.ndarray
    """`[S]`, the AUC of each draw of a bootstrap."""


class _Suspects(NamedTuple):
    """People under test in one generator, and the detectors that look at them."""

    people: int
    scores: Mapping[str, np.ndarray]
    """Scores `[N + M]` of the detectors that never saw a forgotten person."""

    detectors: Mapping[str, Detector]
    """All detectors that so many people allow."""

    missing: Mapping[str, int]
    """Name of a detector that needs more people → how many."""

    @classmethod
    def of(cls, seen: Observation, forgotten: int, people: int, settings: ErasureSettings) -> "_Suspects":
        rows = np.arange(len(seen.identity))
        tested, background = seen.rows(rows[:people]), seen.rows(rows[people:])
        scores = one_class_scores(background, tested)
        detectors = {name: score_detector(values, forgotten) for name, values in scores.items()}
        missing = {}
        if forgotten >= LEAST_FOR_AUC:
            detectors["nearest_centroid"] = nearest_centroid(tested.identity, forgotten)
        else:
            missing["nearest_centroid"] = LEAST_FOR_AUC
        if forgotten >= LEAST_FOR_CLASSIFIER:
            detectors["classifier"] = trained_classifier(
                _evidence(scores, tested),
                forgotten,
                min(settings.folds, forgotten),
                settings.fold_draws,
                settings.seed,
            )
        else:
            missing["classifier"] = LEAST_FOR_CLASSIFIER
        return cls(people, scores, detectors, missing)

    def resampled(self, draws: chance.Resamplings) -> dict[str, _Resampled]:
        wins = {name: detect(np.arange(self.people)) for name, detect in self.detectors.items()}
        return {name: _Resampled(value.auc, draws.aucs(value)) for name, value in wins.items()}

    def figures(
        self, resampled: Mapping[str, _Resampled], settings: ErasureSettings, title: str, progress: bool
    ) -> dict[str, Any]:
        with tqdm(total=settings.permutations, desc=title, disable=not progress) as bar:
            p = chance.p_values(self.detectors, self.people, settings.permutations, settings.seed, bar.update)
        aucs = {
            name: {
                "auc": value.auc,
                "interval": chance.percentile_interval(value.draws),
                "p_value": p.each[name],
            }
            for name, value in resampled.items()
        }
        strongest = max(aucs, key=lambda name: abs(aucs[name]["auc"] - 0.5))
        return {
            "erasure_auc": {**aucs, **{name: _missing(least) for name, least in self.missing.items()}},
            "strongest": {"detector": strongest, "auc": aucs[strongest]["auc"], "p_value": p.strongest},
        }


def _evidence(scores: Mapping[str, np.ndarray], tested: Observation) -> np.ndarray:
    """Return the features of the classifier: few, since there are few people to learn from."""
    stacked = np.stack(list(scores.values()), axis=1)
    compressed = np.sign(stacked) * np.log1p(np.abs(stacked))
    return np.concatenate([compressed, tested.picture, tested.probe], axis=1).astype(np.float32)


def _missing(least: int) -> dict[str, Any]:
    return {"auc": None, "reason": f"needs at least {least} forgotten people"}


def _ranks(scores: np.ndarray, forgotten: int) -> list[float]:
    """Return for each forgotten person the share of retained people with a lower score; a tie is a half."""
    wins = chance.wins_of_scores(scores[:forgotten], scores[forgotten:])
    return [float(share) for share in wins.share.mean(axis=1)]
