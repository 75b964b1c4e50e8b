"""How thoroughly people are forgotten."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from tqdm import tqdm

from eg3d_flax import TriPlaneGenerator
from inception_flax import frechet_distance
from jaxunlearn.evaluation.features import descriptions
from jaxunlearn.evaluation.reference import Reference
from jaxunlearn.models.renderer import Renderer

Figures = dict[str, float | bool | None]


def forgotten_figures(
    reference: Reference,
    unlearned: TriPlaneGenerator,
    ws: jax.Array,
    ws_target: jax.Array | None = None,
    other_ws: jax.Array | None = None,
) -> Figures:
    """Identity similarities of one person before and after, means over the protocol's views.

    Every similarity compares two pictures from the same view.

    Args:
      reference: the source.
      unlearned: the same generator after unlearning.
      ws: `[L, D]`, the person.
      ws_target: `[L, D]`, what they were to become.
      other_ws: `[M, L, D]`, latents of other pictures of the person, which unlearning did not see.

    Returns:
      `id`: before with after, and `id_std`, its standard deviation over the views. `id_others`: the same for
      the other latents. `id_target`: before with the target in the source, which is what complete success
      would give; `id_to_target`: after with that target. None where latents are not given. `threshold`: from
      which similarity on two pictures count as one person; `forgotten`: whether `id` is below it.
      `pairs_without_face`: how many of the person's pairs are left out of `id`, because no face was found in
      one of the two pictures; means over no pair at all are None, too.
    """
    return _look_at(reference, unlearned, [_Person(ws, ws_target, other_ws)])[0].figures


def forgotten_set_figures(
    reference: Reference,
    unlearned: TriPlaneGenerator,
    ws: jax.Array,
    ws_target: jax.Array,
    other_ws: Mapping[int, jax.Array] | None = None,
    *,
    progress: bool = True,
) -> tuple[list[Figures], float]:
    """The same of `N` people whom one generator forgot, and how far their pictures are from those before.

    Args:
      reference: the source.
      unlearned: the generator that forgot them.
      ws: `[N, L, D]`, the people.
      ws_target: `[N, L, D]`, what they were to become.
      other_ws: number of a person → `[M, L, D]`.
      progress: show a bar.

    Returns:
      `forgotten_figures` of each, and the Fréchet distance between all their pictures before and after, from
      all views (the forgotten set's FID of SUGAR's Table 2).
    """
    others = other_ws or {}
    people = [_Person(ws[k], ws_target[k], others.get(k)) for k in range(len(ws))]
    at_once = reference.settings.batch  # people: then their pictures fill every batch of images
    seen: list[_Seen] = []
    with tqdm(total=len(people), desc="forgotten people", unit="person", disable=not progress) as bar:
        for first in range(0, len(people), at_once):
            group = people[first : first + at_once]
            seen += _look_at(reference, unlearned, group)
            bar.update(len(group))
    before, after = (np.concatenate(features) for features in zip(*(s.features for s in seen), strict=True))
    distance = frechet_distance(before, after)
    return [s.figures for s in seen], distance


def mean_figures(people: Sequence[Figures]) -> dict[str, float | int | None]:
    """Means over people; `forgotten` counts those who are."""
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


class _Sides(NamedTuple):
    """A person from all views."""

    person: np.ndarray
    """Embeddings `[1, V, E]`."""

    target: np.ndarray
    """The same, `[0 or 1, V, E]`."""

    others: np.ndarray
    """The same, `[M, V, E]`."""

    features: np.ndarray
    """Of the person's own pictures, `[V, F]`."""


class _Seen(NamedTuple):
    figures: Figures
    features: tuple[np.ndarray, np.ndarray]
    """Of the person's pictures before and after, `[V, F]`."""


def _look_at(reference: Reference, unlearned: TriPlaneGenerator, people: Sequence[_Person]) -> list[_Seen]:
    before = _from_all_sides(reference, reference.renderer, people)
    changed = [person._replace(target=None) for person in people]
    after = _from_all_sides(reference, reference.renderer.with_generator(unlearned), changed)
    threshold = reference.judge.threshold
    return [
        _Seen(_figures(old, new, threshold), (old.features, new.features))
        for old, new in zip(before, after, strict=True)
    ]


def _figures(before: _Sides, after: _Sides, threshold: float | None) -> Figures:
    same_latent = _cosines(before.person, after.person)
    seen = same_latent[~np.isnan(same_latent)]
    similarity = _mean(same_latent)
    return {
        "id": similarity,
        "id_std": float(seen.std()) if len(seen) else None,
        "id_others": _mean(_cosines(before.others, after.others)),
        "id_target": _mean(_cosines(before.person, before.target)),
        "id_to_target": _mean(_cosines(after.person, before.target)),
        "threshold": threshold,
        "forgotten": None if threshold is None or similarity is None else similarity < threshold,
        "pairs_without_face": same_latent.size - seen.size,
    }


def _from_all_sides(reference: Reference, renderer: Renderer, people: Sequence[_Person]) -> list[_Sides]:
    """Everybody's latents from all views, in as few batches as they fill."""
    views, batch = reference.views, reference.settings.batch
    stacks = [_stacked(ws, reference.ws.shape[1:]) for person in people for ws in person]
    latents, c = jnp.concatenate(stacks), jnp.tile(views, (sum(map(len, stacks)), 1))
    images = np.clip(renderer(jnp.repeat(latents, len(views), axis=0), c).image, -1, 1)
    embedded = reference.identification.embeddings(images, c, batch).reshape(len(latents), len(views), -1)
    starts = np.cumsum([0, *map(len, stacks)])[:-1]
    parts = np.split(embedded, starts[1:])
    portraits = images.reshape(len(latents), len(views), *images.shape[1:])[starts[::3]]
    features = descriptions(reference.features, np.concatenate(portraits), batch)
    each = zip(parts[::3], parts[1::3], parts[2::3], np.split(features, len(people)), strict=True)
    return [_Sides(*sides) for sides in each]


def _stacked(ws: jax.Array | None, shape: tuple[int, ...]) -> jax.Array:
    return jnp.zeros((0, *shape)) if ws is None else jnp.reshape(ws, (-1, *shape))


def _cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.sum(a * b, axis=-1)


def _mean(cosines: np.ndarray) -> float | None:
    """Over the pairs with a face in both pictures; None where there is no such pair."""
    seen = cosines[~np.isnan(cosines)]
    return float(seen.mean()) if seen.size else None
