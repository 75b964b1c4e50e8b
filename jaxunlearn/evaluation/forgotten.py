"""How thoroughly people are forgotten."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from tqdm import tqdm

from eg3d_flax import TriPlaneGenerator
from inception_flax import frechet_distance
from jaxunlearn.evaluation.batches import descriptions
from jaxunlearn.evaluation.reference import Reference
from jaxunlearn.rendering import Renderer

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
    return _look_at(reference, unlearned, ws, ws_target, other_ws).figures


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
    people = tqdm(range(len(ws)), desc="forgotten people", unit="person", disable=not progress)
    others = other_ws or {}
    seen = [_look_at(reference, unlearned, ws[k], ws_target[k], others.get(k)) for k in people]
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


class _Seen(NamedTuple):
    figures: Figures
    features: tuple[np.ndarray, np.ndarray]
    """Of the person's pictures before and after, `[V, F]`."""


def _look_at(
    reference: Reference,
    unlearned: TriPlaneGenerator,
    ws: jax.Array,
    ws_target: jax.Array | None,
    other_ws: jax.Array | None,
) -> _Seen:
    before, seen_before = _from_all_sides(reference, reference.renderer, [ws, ws_target, other_ws])
    renderer = reference.renderer.with_generator(unlearned)
    after, seen_after = _from_all_sides(reference, renderer, [ws, None, other_ws])
    (person, target, others), (changed, _, changed_others) = before, after
    assert person is not None
    assert changed is not None
    same_latent = _cosines(person, changed)
    seen = same_latent[~np.isnan(same_latent)]
    similarity, threshold = _mean(same_latent), reference.judge.threshold
    figures: Figures = {
        "id": similarity,
        "id_std": float(seen.std()) if len(seen) else None,
        "id_others": _mean_cosine(others, changed_others),
        "id_target": _mean_cosine(person, target),
        "id_to_target": _mean_cosine(changed, target),
        "threshold": threshold,
        "forgotten": None if threshold is None or similarity is None else similarity < threshold,
        "pairs_without_face": same_latent.size - seen.size,
    }
    return _Seen(figures, (seen_before, seen_after))


def _from_all_sides(
    reference: Reference, renderer: Renderer, latents: list[jax.Array | None]
) -> tuple[list[np.ndarray | None], np.ndarray]:
    """Embeddings `[M, V, E]` of each entry's M latents from all views; features `[V, F]` of the first."""
    shape = reference.ws.shape[1:]
    stacks = [None if ws is None else jnp.reshape(ws, (-1, *shape)) for ws in latents]
    counts = [0 if ws is None else len(ws) for ws in stacks]
    people = jnp.concatenate([ws for ws in stacks if ws is not None])
    sides = len(reference.views)
    every, c = jnp.repeat(people, sides, axis=0), jnp.tile(reference.views, (len(people), 1))
    images = np.clip(renderer(every, c).image, -1, 1)
    seen = reference.identification.embeddings(images, c, reference.settings.batch)
    parts = np.split(seen.reshape(len(people), sides, -1), np.cumsum(counts)[:-1])
    features = descriptions(reference.features, images[:sides], reference.settings.batch)
    return [part if count else None for part, count in zip(parts, counts, strict=True)], features


def _cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.sum(a * b, axis=-1)


def _mean_cosine(a: np.ndarray | None, b: np.ndarray | None) -> float | None:
    return None if a is None or b is None else _mean(_cosines(a, b))


def _mean(cosines: np.ndarray) -> float | None:
    """Over the pairs with a face in both pictures."""
    seen = cosines[~np.isnan(cosines)]
    return float(seen.mean()) if seen.size else None
