"""Measure how thoroughly people are forgotten."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from tqdm import tqdm

from inception_flax import frechet_distance
from jaxunlearn.evaluation.features import descriptions
from jaxunlearn.evaluation.reference import Reference
from jaxunlearn.models.generator import Generator
from jaxunlearn.models.renderer import Renderer

Figures = dict[str, float | bool | None]


def forgotten_figures(
    reference: Reference,
    unlearned: Generator,
    ws: jax.Array,
    ws_target: jax.Array | None = None,
    other_ws: jax.Array | None = None,
) -> Figures:
    """Return identity similarities of one person before and after, as means over the protocol's views.

    Every similarity compares two pictures from the same view.

    Args:
      reference: the measured source.
      unlearned: the same generator after unlearning.
      ws: `[L, D]`, the person.
      ws_target: `[L, D]`, the person's target.
      other_ws: `[M, L, D]`, latents of other photos of the person, which unlearning did not use.

    Returns:
      `id`: similarity of the person before and after. `id_std`: its standard deviation over the views.
      `id_others`: the similarity before and after for the other latents. `id_target`: similarity of the
      person before and the target in the source; complete success would give this value. `id_to_target`:
      similarity of the person after and that target. `threshold`: from this similarity on, two pictures count
      as one person. `forgotten`: True if `id` is below it. `pairs_without_face`: number of the person's pairs
      that `id` leaves out because no face was found in one of the two pictures. A figure is None if its
      latents are not given, or if it has no pair with two faces.
    """
    return _measure(reference, unlearned, [_Person(ws, ws_target, other_ws)])[0].figures


def forgotten_set_figures(
    reference: Reference,
    unlearned: Generator,
    ws: jax.Array,
    ws_target: jax.Array,
    other_ws: Mapping[int, jax.Array] | None = None,
    *,
    progress: bool = True,
) -> tuple[list[Figures], float]:
    """Measure `N` people that one generator forgot, and how far their pictures moved.

    Args:
      reference: the measured source.
      unlearned: the generator that forgot them.
      ws: `[N, L, D]`, the people.
      ws_target: `[N, L, D]`, their targets.
      other_ws: number of a person → `[M, L, D]`.
      progress: True shows a progress bar.

    Returns:
      `forgotten_figures` of each person, and the Fréchet distance between all pictures before and after, from
      all views (FID of the forgotten set in SUGAR's Table 2).
    """
    others = other_ws or {}
    people = [_Person(ws[k], ws_target[k], others.get(k)) for k in range(len(ws))]
    people_at_once = reference.settings.batch  # then their pictures fill every batch of images
    measured: list[_Measured] = []
    with tqdm(total=len(people), desc="forgotten people", unit="person", disable=not progress) as bar:
        for first in range(0, len(people), people_at_once):
            group = people[first : first + people_at_once]
            measured += _measure(reference, unlearned, group)
            bar.update(len(group))
    before, after = (np.concatenate(side) for side in zip(*(m.features for m in measured), strict=True))
    return [m.figures for m in measured], frechet_distance(before, after)


def mean_figures(people: Sequence[Figures]) -> dict[str, float | int | None]:
    """Return the means over people; `forgotten` is the number of people that are forgotten."""
    means: dict[str, float | int | None] = {}
    for name in people[0]:
        values = [figures[name] for figures in people]
        known = [value for value in values if value is not None]
        means[name] = float(np.mean(known)) if known else None
    if means["forgotten"] is not None:
        means["forgotten"] = sum(bool(figures["forgotten"]) for figures in people)
    return means


class _Person(NamedTuple):
    ws: jax.Array
    """`[L, D]`."""

    target: jax.Array | None
    """`[L, D]`."""

    others: jax.Array | None
    """`[M, L, D]`."""


class _Views(NamedTuple):
    """A person seen from all views."""

    person: np.ndarray
    """Embeddings `[1, V, E]`."""

    target: np.ndarray
    """Embeddings `[0 or 1, V, E]`."""

    others: np.ndarray
    """Embeddings `[M, V, E]`."""

    features: np.ndarray
    """Features of the person's own pictures, `[V, F]`."""


class _Measured(NamedTuple):
    figures: Figures
    features: tuple[np.ndarray, np.ndarray]
    """Features of the person's pictures before and after, `[V, F]` each."""


def _measure(reference: Reference, unlearned: Generator, people: Sequence[_Person]) -> list[_Measured]:
    before = _from_all_views(reference, reference.renderer, people)
    changed = [person._replace(target=None) for person in people]
    after = _from_all_views(reference, reference.renderer.with_generator(unlearned), changed)
    threshold = reference.judge.threshold
    return [
        _Measured(_figures(old, new, threshold), (old.features, new.features))
        for old, new in zip(before, after, strict=True)
    ]


def _figures(before: _Views, after: _Views, threshold: float | None) -> Figures:
    cosines = _cosines(before.person, after.person)
    with_faces = cosines[~np.isnan(cosines)]
    similarity = _mean(cosines)
    return {
        "id": similarity,
        "id_std": float(with_faces.std()) if len(with_faces) else None,
        "id_others": _mean(_cosines(before.others, after.others)),
        "id_target": _mean(_cosines(before.person, before.target)),
        "id_to_target": _mean(_cosines(after.person, before.target)),
        "threshold": threshold,
        "forgotten": None if threshold is None or similarity is None else similarity < threshold,
        "pairs_without_face": cosines.size - with_faces.size,
    }


def _from_all_views(reference: Reference, renderer: Renderer, people: Sequence[_Person]) -> list[_Views]:
    """Render and embed everybody's latents from all views, in as few batches as possible."""
    views, batch = reference.views, reference.settings.batch
    stacks = [_stacked(ws, reference.ws.shape[1:]) for person in people for ws in person]
    latents, c = jnp.concatenate(stacks), jnp.tile(views, (sum(map(len, stacks)), 1))
    images = np.clip(renderer(jnp.repeat(latents, len(views), axis=0), c).image, -1, 1)
    embedded = reference.identification.embeddings(images, c, batch).reshape(len(latents), len(views), -1)
    starts = np.cumsum([0, *map(len, stacks)])[:-1]
    parts = np.split(embedded, starts[1:])
    portraits = images.reshape(len(latents), len(views), *images.shape[1:])[starts[::3]]
    features = descriptions(reference.features, np.concatenate(portraits), batch)
    rows = zip(parts[::3], parts[1::3], parts[2::3], np.split(features, len(people)), strict=True)
    return [_Views(*row) for row in rows]


def _stacked(ws: jax.Array | None, shape: tuple[int, ...]) -> jax.Array:
    return jnp.zeros((0, *shape)) if ws is None else jnp.reshape(ws, (-1, *shape))


def _cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.sum(a * b, axis=-1)


def _mean(cosines: np.ndarray) -> float | None:
    """Return the mean over pairs with a face in both pictures; None if there is no such pair."""
    with_faces = cosines[~np.isnan(cosines)]
    return float(with_faces.mean()) if with_faces.size else None
