"""Measure what unlearning did to people who should stay the same."""

from collections.abc import Sequence
from itertools import compress
from typing import Any, NamedTuple, TypedDict

import jax
import numpy as np

from inception_flax import frechet_distance_of_statistics, kernel_distance
from jaxunlearn.evaluation.embedded_views import embed_each
from jaxunlearn.evaluation.judges import CalibratedJudge
from jaxunlearn.evaluation.judges.answers import all_known, mean, negated, number
from jaxunlearn.evaluation.pictures.pixel_metrics import pixel_differences
from jaxunlearn.evaluation.reference import Reference, RenderedPeople, render_people
from jaxunlearn.evaluation.statistics.shares import share_of_known
from jaxunlearn.images import to_uint8
from jaxunlearn.models.batched import perceptual_distances
from jaxunlearn.models.generator import Generator
from jaxunlearn.models.renderer import Renderer

FEWEST_FOR_KERNEL = 4
"""Least number of samples for the kernel distance: nobody is in both of its subsets, and each has two."""


class RetainedPerson(TypedDict):
    """Somebody who should stay the same.

    Attributes:
      judges: name of a judge → similarity before and after; None without a face.
      lost: True if they are somebody else afterwards to at least one judge; None if no judge can say.
      groups: names of the groups that they are in.
      nearest: number of the nearest forgotten person.
      distance: to that person, in median radii.
    """

    judges: dict[str, float | None]
    lost: bool | None
    groups: list[str]
    nearest: int
    distance: float


class NearPerson(TypedDict):
    """Somebody near a forgotten person.

    Attributes:
      radius: distance from the forgotten person, in median radii.
      number: among the people of this radius.
      nearest: number of the forgotten person.
      same: True if a judge takes them for that person already in the source.
      judges, lost: see `RetainedPerson`.
    """

    radius: float
    number: int
    nearest: int
    same: bool
    judges: dict[str, float | None]
    lost: bool | None


class NearFigures(TypedDict):
    """All people at one distance from the forgotten ones.

    Attributes:
      people: their number; `settings.retained_people`, spread over the forgotten ones.
      same: how many of them at least one judge takes for the forgotten person already in the source; to
        change them is no fault.
      lost: share of all others who are somebody else afterwards to at least one judge; None without others.
      lost_counts: the same as a `Share`.
      others_id: mean similarity of all others before and after to the main judge.
    """

    people: int
    same: int
    lost: float | None
    lost_counts: dict[str, Any]
    others_id: float | None


class OthersOfJudge(TypedDict):
    """Random people before and after, to one judge.

    Attributes:
      id, id_p5: similarity, its mean and 5th percentile over the people with a face in both pictures.
      lost: share of people who are somebody else afterwards.
      people: number of people with a face in both pictures.
      threshold: from this similarity on, two people count as one.
    """

    id: float | None
    id_p5: float | None
    lost: float | None
    people: int
    threshold: float | None


class _Distances(TypedDict):
    fid_pre: float
    kid_pre: float | None
    kid_pre_std: float | None
    delta_fid_real: float | None


class _PictureChange(TypedDict):
    retained_lpips: float
    retained_mse: float
    retained_psnr: float
    retained_ssim: float
    retained_ssim_uniform: float


class RetainedFigures(_Distances, _PictureChange):
    """Random people before and after unlearning.

    Attributes:
      others_id, others_id_p5: `OthersOfJudge.id` and `id_p5` of the main judge.
      others_lost: share of people who are somebody else afterwards to at least one judge.
      others_lost_counts: the same as a `Share`.
      retained_without_face: number of people whom the main judge leaves out for want of a face.
      fid_pre: Fréchet distance between the samples before and after.
      kid_pre, kid_pre_std: kernel distance between them, and its standard deviation over subsets.
      delta_fid_real: growth of the Fréchet distance to the real images; None without real images.
      retained_lpips, retained_mse, retained_psnr, retained_ssim, retained_ssim_uniform: means over the
        retained people, see `pixel_differences`.
      others: name of a judge → its figures.
      others_lost_by_group: for each of `Reference.groups` the `Share` of the people in it who are lost.
      near: for each of `settings.near_radii` the people near the forgotten ones.
    """

    others_id: float | None
    others_id_p5: float | None
    others_lost: float | None
    others_lost_counts: dict[str, Any]
    retained_without_face: int
    others: dict[str, OthersOfJudge]
    others_lost_by_group: dict[str, dict[str, Any]]
    near: dict[str, NearFigures]


class Retained(NamedTuple):
    """Other people before and after unlearning.

    Attributes:
      figures: of all together.
      people: each random person.
      near: each person near a forgotten one.
    """

    figures: RetainedFigures
    people: list[RetainedPerson]
    near: list[NearPerson]


class NearPeople(NamedTuple):
    """People near the forgotten ones, before and after unlearning: all together, and each of them."""

    figures: NearFigures
    people: list[NearPerson]


def compare_retained(
    reference: Reference, unlearned: Generator, ws: jax.Array, *, progress: bool = True
) -> Retained:
    """Compare other people before and after, each from one view.

    Args:
      reference: the measured source.
      unlearned: the same generator after unlearning.
      ws: `[N, L, D]`, the forgotten people; people near them are compared, too.
      progress: True shows a progress bar.
    """
    before = reference.people
    after = render_people(
        reference.renderer.with_generator(unlearned),
        reference.random,
        reference.judges,
        reference.features,
        reference.settings,
        title="people after",
        progress=progress,
    )
    similarity = compared(reference, before.embeddings, after.embeddings)
    others = {judge.name: _of_judge(judge, similarity[judge.name]) for judge in reference.judges}
    main = others[reference.judge.name]
    gone = lost(reference.judges, similarity)
    lost_counts = share_of_known(gone)
    near = compare_near(reference, unlearned, ws)
    figures: RetainedFigures = {
        "others_id": main["id"],
        "others_id_p5": main["id_p5"],
        "others_lost": lost_counts.share,
        "others_lost_counts": lost_counts._asdict(),
        "retained_without_face": len(before.images) - main["people"],
        **_distances(reference, after),
        **_picture_change(reference, after),
        "others": others,
        "others_lost_by_group": {
            group: share_of_known(compress(gone, members))._asdict()
            for group, members in reference.groups.items()
        },
        "near": {str(radius): each.figures for radius, each in near.items()},
    }
    people_near = [person for each in near.values() for person in each.people]
    return Retained(figures, _each_person(reference, similarity, gone, ws), people_near)


def _picture_change(reference: Reference, after: RenderedPeople) -> _PictureChange:
    """Return means over the retained people of how far their pictures moved."""
    before = reference.people.images
    perceptual = perceptual_distances(reference.perceptual, before, after.images, reference.settings.batch)
    pixels = pixel_differences(to_uint8(before), to_uint8(after.images))
    return {
        "retained_lpips": float(perceptual.mean()),
        "retained_mse": float(pixels["mse"].mean()),
        "retained_psnr": float(pixels["psnr"].mean()),
        "retained_ssim": float(pixels["ssim"].mean()),
        "retained_ssim_uniform": float(pixels["ssim_uniform"].mean()),
    }


def _distances(reference: Reference, after: RenderedPeople) -> _Distances:
    """Return the distances between equally many samples before and after, and from the real images."""
    before, kernel, spread = reference.people, None, None
    if len(after.features) >= FEWEST_FOR_KERNEL:
        kernel, spread = kernel_distance(
            before.features, after.features, paired=True, seed=reference.settings.seed
        )
    delta_real = None
    if reference.real is not None:
        distance = frechet_distance_of_statistics(after.statistics, reference.real.statistics)
        delta_real = distance - reference.real.distance
    return {
        "fid_pre": frechet_distance_of_statistics(before.statistics, after.statistics),
        "kid_pre": kernel,
        "kid_pre_std": spread,
        "delta_fid_real": delta_real,
    }


def _each_person(
    reference: Reference, similarity: dict[str, np.ndarray], gone: Sequence[bool | None], ws: jax.Array
) -> list[RetainedPerson]:
    latents = np.asarray(reference.random.ws[: len(gone)])
    apart = np.stack([np.linalg.norm(latents - person, axis=(-2, -1)) for person in np.asarray(ws)])
    nearest, distance = apart.argmin(axis=0), apart.min(axis=0) / reference.median_radius
    return [
        {
            "judges": {name: number(values[k]) for name, values in similarity.items()},
            "lost": gone[k],
            "groups": [name for name, members in reference.groups.items() if members[k]],
            "nearest": int(nearest[k]),
            "distance": float(distance[k]),
        }
        for k in range(len(gone))
    ]


def compare_near(reference: Reference, unlearned: Generator, ws: jax.Array) -> dict[float, NearPeople]:
    """Compare people near the forgotten ones before and after.

    Args:
      reference: the measured source.
      unlearned: the generator after unlearning.
      ws: `[N, L, D]`, the forgotten people.

    Returns:
      For each of `settings.near_radii` the people at this distance, see `EvaluationSettings.near_people`.
    """
    settings, c = reference.settings, reference.random.c[: reference.settings.retained_people]
    people = np.arange(settings.retained_people) % len(ws)
    after = reference.renderer.with_generator(unlearned)

    def seen(renderer: Renderer, latents: jax.Array) -> dict[str, np.ndarray]:
        return embed_each(renderer, reference.judges, latents, c, settings.batch).embeddings

    forgotten = seen(reference.renderer, ws[people])
    found = {}
    for radius in settings.near_radii:
        near = settings.near_people(ws, reference.random.ws, radius * reference.median_radius)
        before = seen(reference.renderer, near)
        to_person = compared(reference, forgotten, before)
        found[radius] = _near_people(
            reference, radius, people, to_person, compared(reference, before, seen(after, near))
        )
    return found


def _near_people(
    reference: Reference,
    radius: float,
    people: np.ndarray,
    to_person: dict[str, np.ndarray],
    every: dict[str, np.ndarray],
) -> NearPeople:
    """Return the figures of near people.

    Args:
      reference: the measured source.
      radius: their distance, in median radii.
      people: `[K]`, numbers of the forgotten people they are near.
      to_person: name of a judge → `[K]`, similarity to that person in the source.
      every: name of a judge → `[K]`, similarity before and after.
    """
    same = np.zeros(len(people), bool)
    for judge in reference.judges:
        same |= np.array([judge.accepts(value, "single") is True for value in to_person[judge.name]])
    gone = lost(reference.judges, every)
    main = every[reference.judge.name][~same]
    lost_counts = share_of_known(compress(gone, ~same))
    figures: NearFigures = {
        "people": len(people),
        "same": int(same.sum()),
        "lost": lost_counts.share,
        "lost_counts": lost_counts._asdict(),
        "others_id": mean(main),
    }
    each_person: list[NearPerson] = [
        {
            "radius": radius,
            "number": k,
            "nearest": int(people[k]),
            "same": bool(same[k]),
            "judges": {name: number(values[k]) for name, values in every.items()},
            "lost": gone[k],
        }
        for k in range(len(people))
    ]
    return NearPeople(figures, each_person)


def compared(
    reference: Reference, before: dict[str, np.ndarray], after: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Return name of a judge → similarity `[K]` of embeddings `[K, 1, E]` before and after."""
    return {judge.name: judge.similarity(before[judge.name], after[judge.name]) for judge in reference.judges}


def lost(judges: Sequence[CalibratedJudge], similarity: dict[str, np.ndarray]) -> list[bool | None]:
    """Return for each person True if at least one judge takes them for somebody else; None if none can say.

    Args:
      judges: who compares.
      similarity: name of a judge → `[K]`, from one view.
    """
    accepted = zip(
        *([judge.accepts(value, "single") for value in similarity[judge.name]] for judge in judges),
        strict=True,
    )
    return [negated(all_known(answers)) for answers in accepted]


def _of_judge(judge: CalibratedJudge, similarity: np.ndarray) -> OthersOfJudge:
    with_faces = similarity[~np.isnan(similarity)]
    return {
        "id": mean(similarity),
        "id_p5": float(np.percentile(with_faces, 5)) if len(with_faces) else None,
        "lost": share_of_known(lost([judge], {judge.name: similarity})).share,
        "people": len(with_faces),
        "threshold": judge.threshold("single"),
    }
