"""Measure how thoroughly people are forgotten."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypedDict

import jax
import jax.numpy as jnp
import numpy as np
from tqdm import tqdm

from inception_flax import frechet_distance
from jaxunlearn.evaluation.features import descriptions
from jaxunlearn.evaluation.forgetting_by_judge import (
    PLACES,
    JudgeFigures,
    Look,
    Looks,
    Parts,
    Place,
    figures_by_judge,
    looks_by_judge,
)
from jaxunlearn.evaluation.judges.answers import all_known, any_known, negated, number
from jaxunlearn.evaluation.pictures.picture_change import picture_change
from jaxunlearn.evaluation.reference import Reference
from jaxunlearn.models.generator import Generator
from jaxunlearn.models.renderer import Renderer


class PersonFigures(TypedDict):
    """A person before and after unlearning.

    A figure is None if its latents are not given, or if it has no pair with two faces.

    Attributes:
      id: similarity of the person before and after, as all similarities here to the main judge.
      id_others: mean similarity of the other latents before and after.
      id_others_max: the highest of those photos in which the main judge recognised the person before.
      id_target: the person before against the target in the source; complete success would give this value.
      id_to_target: the person after against that target.
      id_std: standard deviation of `id` over the views.
      threshold: from this similarity on, two people count as one.
      pairs_without_face: number of the person's pairs that `id` leaves out because no face was found in one
        of the two pictures.
      picture_change: how far the person's pictures moved, see `picture_change`.
      forgotten: True if the person is forgotten in all places where a judge can say.
      forgotten_by: for each of `PLACES` True if no judge finds the person there.
      judges: name of a judge → its figures.
    """

    id: float | None
    id_others: float | None
    id_others_max: float | None
    id_target: float | None
    id_to_target: float | None
    id_std: float | None
    threshold: float | None
    pairs_without_face: int
    picture_change: dict[str, Any]
    forgotten: bool | None
    forgotten_by: dict[Place, bool | None]
    judges: dict[str, JudgeFigures]


class PlaceLook(TypedDict):
    """A place where a person was looked for.

    Attributes:
      place: at the latent, from the sides, truncated, or in another photo.
      number: psi, or the number of the other photo; else None.
      judges: name of a judge → what it says.
    """

    place: Place
    number: float | None
    judges: dict[str, Look]


def measure_person(
    reference: Reference,
    unlearned: Generator,
    ws: jax.Array,
    ws_target: jax.Array | None = None,
    other_ws: jax.Array | None = None,
) -> "MeasuredPerson":
    """Look for a person in an unlearned generator.

    Every similarity compares pictures from the same views.

    Args:
      reference: the measured source.
      unlearned: the same generator after unlearning.
      ws: `[L, D]`, the person.
      ws_target: `[L, D]`, the person's target.
      other_ws: `[M, L, D]`, latents of other photos of the person, which unlearning did not use.

    Returns:
      Each look at the person, and the figures.
    """
    return _measure(reference, unlearned, [_Person(ws, ws_target, other_ws)])[0]


def measure_people(
    reference: Reference,
    unlearned: Generator,
    ws: jax.Array,
    ws_target: jax.Array,
    other_ws: Mapping[int, jax.Array] | None = None,
    *,
    progress: bool = True,
) -> "tuple[list[MeasuredPerson], float | None]":
    """Measure `N` people that one generator forgot, and how far their pictures moved.

    Args:
      reference: the measured source.
      unlearned: the generator that forgot them.
      ws: `[N, L, D]`, the people.
      ws_target: `[N, L, D]`, their targets.
      other_ws: number of a person → `[M, L, D]`.
      progress: True shows a progress bar.

    Returns:
      What `measure_person` returns of each person, and the Fréchet distance between all pictures before and
      after, from all views (FID of the forgotten set in SUGAR's Table 2); None for a single picture.
    """
    others = other_ws or {}
    people = [_Person(ws[k], ws_target[k], others.get(k)) for k in range(len(ws))]
    people_at_once = reference.settings.batch  # then their pictures fill every batch of images
    measured: list[MeasuredPerson] = []
    with tqdm(total=len(people), desc="forgotten people", unit="person", disable=not progress) as bar:
        for first in range(0, len(people), people_at_once):
            group = people[first : first + people_at_once]
            measured += _measure(reference, unlearned, group)
            bar.update(len(group))
    before, after = (np.concatenate(side) for side in zip(*(m.features for m in measured), strict=True))
    # A single picture has no covariance.
    return measured, frechet_distance(before, after) if len(before) > 1 else None


class _Person(NamedTuple):
    ws: jax.Array
    """`[L, D]`."""

    target: jax.Array | None
    """`[L, D]`."""

    others: jax.Array | None
    """`[M, L, D]`."""


class MeasuredPerson(NamedTuple):
    """A person before and after unlearning."""

    figures: PersonFigures
    looks: list[PlaceLook]
    features: tuple[np.ndarray, np.ndarray]
    """Features of the person's pictures before and after, `[V, F]` each."""


class _Seen(NamedTuple):
    """A person in one generator."""

    judged: dict[str, Parts]
    """Name of a judge → embeddings."""

    images: np.ndarray
    """The person's own pictures, `[V, R, R, 3]` in [-1, 1]."""

    features: np.ndarray
    """Their features, `[V, F]`."""


def _measure(reference: Reference, unlearned: Generator, people: Sequence[_Person]) -> list[MeasuredPerson]:
    before = _see(reference, reference.renderer, people)
    changed = [person._replace(target=None) for person in people]
    after = _see(reference, reference.renderer.with_generator(unlearned), changed)
    return [_compare(reference, old, new) for old, new in zip(before, after, strict=True)]


def _compare(reference: Reference, before: _Seen, after: _Seen) -> MeasuredPerson:
    psi = reference.settings.truncations
    looks = {
        judge.name: looks_by_judge(judge, before.judged[judge.name], after.judged[judge.name], psi)
        for judge in reference.judges
    }
    features = before.features, after.features
    return MeasuredPerson(_figures(reference, before, after, looks), _by_place(looks), features)


def _see(reference: Reference, renderer: Renderer, people: Sequence[_Person]) -> list[_Seen]:
    """Render and embed everybody's latents from all views, in as few batches as possible."""
    latents = [_latents(reference, person) for person in people]
    everything = jnp.concatenate([rows for person in latents for rows in person.values()])
    seen = reference.embed_views(renderer, everything)
    portraits = np.stack([person.ws for person in people])
    wide = reference.embed_views(renderer, jnp.asarray(portraits), reference.wide_views)
    own = np.concatenate([images["person"][0] for images in _split(seen.images, latents)])
    features = np.split(descriptions(reference.features, own, reference.settings.batch), len(people))
    judged: list[dict[str, Parts]] = [{} for _ in people]
    for name, embeddings in seen.embeddings.items():
        for k, parts in enumerate(_split(embeddings, latents)):
            judged[k][name] = Parts(**parts, wide=wide.embeddings[name][k : k + 1])
    return [_Seen(*row) for row in zip(judged, np.split(own, len(people)), features, strict=True)]


def _split(rows: np.ndarray, latents: Sequence[Mapping[str, jax.Array]]) -> list[dict[str, np.ndarray]]:
    """Return rows `[*, ...]` of all latents, one after the other, as the latents of each person are named."""
    ends = np.cumsum([len(each) for person in latents for each in person.values()])
    parts = iter(np.split(rows, ends[:-1]))
    return [{name: next(parts) for name in person} for person in latents]


def _latents(reference: Reference, person: _Person) -> dict[str, jax.Array]:
    """Return what is looked at from all views, by its name in `Parts`; `[*, L, D]` each."""
    shape, mean = person.ws.shape, reference.mean
    psi = jnp.asarray(reference.settings.truncations).reshape(-1, 1, 1)
    none = jnp.zeros((0, *shape))
    return {
        "person": person.ws[None],
        "truncated": mean + psi * (person.ws - mean),
        "others": none if person.others is None else person.others,
        "target": none if person.target is None else person.target[None],
    }


def _figures(reference: Reference, before: _Seen, after: _Seen, looks: Mapping[str, Looks]) -> PersonFigures:
    old, new = before.judged, after.judged
    judges = {
        judge.name: figures_by_judge(judge, old[judge.name], new[judge.name], looks[judge.name])
        for judge in reference.judges
    }
    main, name = judges[reference.judge.name], reference.judge.name
    by_view = reference.judge.similarity(old[name].person[0, :, None], new[name].person[0, :, None])
    with_faces = by_view[~np.isnan(by_view)]
    forgotten_by = forgotten_places(judges)
    return {
        "id": main["id"],
        "id_others": main["id_others"],
        "id_others_max": main["id_others_max"],
        "id_target": main["id_target"],
        "id_to_target": main["id_to_target"],
        "id_std": number(with_faces.std(ddof=1)) if len(with_faces) > 1 else None,
        "threshold": main["threshold"],
        "pairs_without_face": by_view.size - with_faces.size,
        "picture_change": picture_change(
            reference.perceptual, before.images, after.images, reference.settings.batch
        ),
        "forgotten": all_known(forgotten_by.values()),
        "forgotten_by": forgotten_by,
        "judges": judges,
    }


def forgotten_places(judges: Mapping[str, JudgeFigures]) -> dict[Place, bool | None]:
    """Return for each of `PLACES` True if no judge finds the person there; None if no judge can say.

    Args:
      judges: name of a judge → its figures.
    """
    return {
        place: negated(any_known(figures["found"][place] for figures in judges.values())) for place in PLACES
    }


def _by_place(looks: Mapping[str, Looks]) -> list[PlaceLook]:
    """Return each place with what all judges say of it."""
    places = next(iter(looks.values()))
    return [
        {"place": place, "number": each, "judges": {name: rows[place, each] for name, rows in looks.items()}}
        for place, each in places
    ]
