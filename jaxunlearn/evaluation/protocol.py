"""Compute all figures of one run, and record how they were measured."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from jaxunlearn.evaluation.forgetting import MeasuredPerson, measure_people, measure_person
from jaxunlearn.evaluation.judges import CalibratedJudge
from jaxunlearn.evaluation.judges.strangers import FAR
from jaxunlearn.evaluation.pictures.picture_change import change_of_all
from jaxunlearn.evaluation.reference import Reference
from jaxunlearn.evaluation.retaining_sets import figures_of_sets
from jaxunlearn.evaluation.retention import Retained, compare_retained
from jaxunlearn.evaluation.statistics.means import mean_figures
from jaxunlearn.models.generator import Generator, sha256_of_arrays

PROTOCOL = 1
"""Version of the protocol: raise it whenever a generator would get other figures with the same settings."""

MEASURED_WITH = ("protocol", "align", "networks", "counts", "strangers", "settings")
"""Names of what says how figures were measured; the same for everybody."""

GIVEN = ("real_images_sha256", "retaining_sha256")
"""Names in `counts` of which real images and which retaining set were given; absent if none were."""


class Measured(NamedTuple):
    """An evaluation of one generator."""

    figures: dict[str, Any]
    """See `evaluate_generator` and `evaluate_together`."""

    people: list[MeasuredPerson]
    """Each forgotten person, with each place where they were looked for."""

    retained: Retained
    """Everybody else, person by person."""


def evaluate_generator(
    reference: Reference,
    unlearned: Generator,
    ws: jax.Array,
    ws_target: jax.Array | None = None,
    other_ws: jax.Array | None = None,
    *,
    progress: bool = True,
) -> dict[str, Any]:
    """Evaluate a generator that forgot one person.

    Args:
      reference: the measured source, see `measure_source`.
      unlearned: the same generator after unlearning.
      ws: `[L, D]`, the forgotten person.
      ws_target: `[L, D]`, the person's target.
      other_ws: `[M, L, D]`, latents of other photos of the person.
      progress: True shows progress bars.

    Returns:
      The figures of `measure_person` and `compare_retained` under the papers' names; `retain` with those of
      `figures_of_sets`; `align` (what the main judge saw), `protocol`, `networks`, `counts` and `settings`;
      ready for JSON.
    """
    return measure_generator(reference, unlearned, ws, ws_target, other_ws, progress=progress).figures


def measure_generator(
    reference: Reference,
    unlearned: Generator,
    ws: jax.Array,
    ws_target: jax.Array | None = None,
    other_ws: jax.Array | None = None,
    *,
    progress: bool = True,
) -> Measured:
    """Return `evaluate_generator`, and beside it everything by person and photo."""
    person = measure_person(reference, unlearned, ws, ws_target, other_ws)
    retained = compare_retained(reference, unlearned, ws[None], progress=progress)
    figures = {
        **person.figures,
        **retained.figures,
        "retain": figures_of_sets(reference, unlearned, ws[None], progress=progress),
        **measured_with(reference, 0 if other_ws is None else len(other_ws), 0),
    }
    return Measured(figures, [person], retained)


def evaluate_together(
    reference: Reference,
    unlearned: Generator,
    ws: jax.Array,
    ws_target: jax.Array,
    other_ws: Mapping[int, jax.Array] | None = None,
    *,
    progress: bool = True,
) -> dict[str, Any]:
    """Evaluate a generator that forgot `N` people.

    Args:
      reference: the measured source, see `measure_source`.
      unlearned: the same generator after unlearning.
      ws: `[N, L, D]`, the people.
      ws_target: `[N, L, D]`, their targets.
      other_ws: number of a person → `[M, L, D]`, latents of other photos of them.
      progress: True shows progress bars.

    Returns:
      The same as `evaluate_generator`, as means over the people, see `means_of_people`; `forgotten` is the
      number of forgotten people. Also `fid_forget`, the distance of `measure_people`, and in `people` the
      figures of each person.
    """
    return measure_together(reference, unlearned, ws, ws_target, other_ws, progress=progress).figures


def measure_together(
    reference: Reference,
    unlearned: Generator,
    ws: jax.Array,
    ws_target: jax.Array,
    other_ws: Mapping[int, jax.Array] | None = None,
    *,
    progress: bool = True,
) -> Measured:
    """Return `evaluate_together`, and beside it everything by person and photo."""
    people, fid_forget = measure_people(reference, unlearned, ws, ws_target, other_ws, progress=progress)
    each = [person.figures for person in people]
    others = sum(len(latents) for latents in (other_ws or {}).values())
    retained = compare_retained(reference, unlearned, ws, progress=progress)
    figures = {
        **means_of_people(each),
        "fid_forget": fid_forget,
        **retained.figures,
        "retain": figures_of_sets(reference, unlearned, ws, progress=progress),
        **measured_with(reference, others, len(people)),
        "people": {str(k): figures for k, figures in enumerate(each)},
    }
    return Measured(figures, people, retained)


def means_of_people(people: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return `mean_figures` of people; `picture_change` is of all their pictures, see `change_of_all`."""
    changes = [figures["picture_change"] for figures in people]
    return {**mean_figures(people), "picture_change": change_of_all(changes)}


def measured_with(reference: Reference, other_latents: int, together: int) -> dict[str, Any]:
    """Return how figures were measured; `together` people have a Fréchet distance of their own."""
    settings, judge = reference.settings, reference.judge
    detector = judge.detector_origin
    return {
        "protocol": PROTOCOL,
        "align": judge.align,
        "networks": {
            "identity": judge.name,
            "judges": [each.name for each in reference.judges],
            "perceptual": f"lpips-{reference.perceptual.net}",
            "frechet": reference.features.name,
            **({} if detector is None else {"detector": detector}),
        },
        "counts": {
            "views": settings.views,
            "other_latents": other_latents,
            "retained_people": settings.retained_people,
            "frechet_samples": settings.frechet_samples,
            "real_images": 0 if reference.real is None else reference.real.number,
            **({} if reference.real is None else {"real_images_sha256": reference.real.sha256}),
            **({} if reference.retaining is None else {"retaining_sha256": _digest(reference.retaining)}),
            "frechet": _compared_pictures(reference, together),
        },
        "strangers": {each.name: _strangers(each) for each in reference.judges},
        "settings": settings.to_json(),
    }


def comparable(measured: Mapping[str, Any]) -> dict[str, Any]:
    """Return what must be equal for figures to be compared, by name.

    Args:
      measured: of `measured_with`, or figures that hold it; older ones may lack the version of the protocol.
    """
    counts = measured.get("counts", {})
    return {
        **{name: measured.get(name) for name in ("protocol", "align")},
        **measured["networks"],
        **{name: counts.get(name) for name in GIVEN},
        **measured["settings"],
        "batch": None,  # it saves memory, and changes no figure
    }


def _digest(retaining: jax.Array) -> str:
    """Return the first 16 digits of the SHA-256 of a retaining set's latents."""
    return sha256_of_arrays([np.asarray(retaining, np.float32)])[:16]


def _compared_pictures(reference: Reference, together: int) -> dict[str, list[int | None]]:
    """Return the numbers of pictures on both sides of each Fréchet or kernel distance."""
    samples, forgotten = reference.settings.frechet_samples, together * reference.settings.views
    return {
        "fid_pre": [samples, samples],
        "kid_pre": [samples, samples],
        **({} if reference.real is None else {"delta_fid_real": [samples, reference.real.number]}),
        **({"fid_forget": [forgotten, forgotten]} if together else {}),
    }


def _strangers(judge: CalibratedJudge) -> dict[str, Any]:
    """Return the distributions that a judge's thresholds are from; empty for the network's own threshold."""
    return {setup: {"far": FAR, **strangers.to_json()} for setup, strangers in judge.strangers.items()}
