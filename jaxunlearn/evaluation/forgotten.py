"""How thoroughly one person is forgotten."""

import jax
import jax.numpy as jnp
import numpy as np

from eg3d_flax import TriPlaneGenerator
from jaxunlearn.evaluation.reference import Reference
from jaxunlearn.rendering import Renderer


def forgotten_figures(
    reference: Reference,
    unlearned: TriPlaneGenerator,
    ws: jax.Array,
    ws_target: jax.Array | None = None,
    other_ws: jax.Array | None = None,
) -> dict[str, float | bool | None]:
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
    before = _from_all_sides(reference, reference.renderer, [ws, ws_target, other_ws])
    after = _from_all_sides(reference, reference.renderer.with_generator(unlearned), [ws, None, other_ws])
    (person, target, others), (changed, _, changed_others) = before, after
    assert person is not None
    assert changed is not None
    same_latent = _cosines(person, changed)
    seen = same_latent[~np.isnan(same_latent)]
    similarity, threshold = _mean(same_latent), reference.judge.threshold
    return {
        "id": similarity,
        "id_std": float(seen.std()) if len(seen) else None,
        "id_others": _mean_cosine(others, changed_others),
        "id_target": _mean_cosine(person, target),
        "id_to_target": _mean_cosine(changed, target),
        "threshold": threshold,
        "forgotten": None if threshold is None or similarity is None else similarity < threshold,
        "pairs_without_face": same_latent.size - seen.size,
    }


def _from_all_sides(
    reference: Reference, renderer: Renderer, latents: list[jax.Array | None]
) -> list[np.ndarray | None]:
    """Embeddings `[M, V, E]` of each entry's M latents from all views; None stays None."""
    shape = reference.ws.shape[1:]
    stacks = [None if ws is None else jnp.reshape(ws, (-1, *shape)) for ws in latents]
    counts = [0 if ws is None else len(ws) for ws in stacks]
    people = jnp.concatenate([ws for ws in stacks if ws is not None])
    sides = len(reference.views)
    every, c = jnp.repeat(people, sides, axis=0), jnp.tile(reference.views, (len(people), 1))
    images = np.clip(renderer(every, c).image, -1, 1)
    seen = reference.identification.embeddings(images, c, reference.settings.batch)
    parts = np.split(seen.reshape(len(people), sides, -1), np.cumsum(counts)[:-1])
    return [part if count else None for part, count in zip(parts, counts, strict=True)]


def _cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.sum(a * b, axis=-1)


def _mean_cosine(a: np.ndarray | None, b: np.ndarray | None) -> float | None:
    return None if a is None or b is None else _mean(_cosines(a, b))


def _mean(cosines: np.ndarray) -> float | None:
    """Over the pairs with a face in both pictures."""
    seen = cosines[~np.isnan(cosines)]
    return float(seen.mean()) if seen.size else None
