"""Compare the people of a retaining set before and after, from all views."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from tqdm import tqdm

from inception_flax import FeatureStatistics, frechet_distance_of_statistics
from jaxunlearn.evaluation.features import descriptions
from jaxunlearn.evaluation.judges import CalibratedJudge
from jaxunlearn.evaluation.judges.answers import mean, negated
from jaxunlearn.evaluation.reference import Reference
from jaxunlearn.evaluation.statistics.shares import share_of_known
from jaxunlearn.methods.latents import vicinity_probes
from jaxunlearn.models.generator import Generator
from jaxunlearn.models.renderer import Renderer


def figures_of_sets(
    reference: Reference, unlearned: Generator, ws: jax.Array, *, progress: bool = True
) -> dict[str, Any]:
    """Return `retaining_figures` of all sets: `given`, from `Reference.retaining`, and `random`.

    Args:
      reference: the measured source. Its `settings.retain_random` is the distance of the Random set; 0: none.
      unlearned: the generator after unlearning.
      ws: `[N, L, D]`, the forgotten people.
      progress: True shows progress bars.
    """
    sets = {} if reference.retaining is None else {"given": reference.retaining}
    if reference.settings.retain_random:
        sets["random"] = random_set(reference, ws, reference.settings.retain_random)
    return {
        name: retaining_figures(
            reference, unlearned, each, title=f"retaining set ({name})", progress=progress
        )
        for name, each in sets.items()
    }


def random_set(reference: Reference, ws: jax.Array, distance: float) -> jax.Array:
    """Return the Random retaining set `[N, L, D]`: a person at a distance from each forgotten one.

    It is w + d u (SUGAR, Sec. 4.1). As in Eq. 6, u points to a random person of the generator.

    Args:
      reference: the measured source; its random people give the directions.
      ws: `[N, L, D]`, the forgotten people.
      distance: d, absolute; 30 in the paper.
    """
    towards = reference.random.ws[jnp.arange(len(ws)) % len(reference.random.ws)]
    return vicinity_probes(ws, towards, distance)


def retaining_figures(
    reference: Reference, unlearned: Generator, ws: jax.Array, *, title: str, progress: bool = True
) -> dict[str, Any]:
    """Compare people before and after, each from `settings.views` views.

    Args:
      reference: the measured source.
      unlearned: the generator after unlearning.
      ws: `[M, L, D]`, the people of the set.
      title: of the progress bar.
      progress: True shows it.

    Returns:
      `retain_id`: similarity before and after to the main judge, the mean over views, then over people.
      `retain_fid`: Fréchet distance between the pictures before and after; the fewer pictures, the more of it
      is bias. `retain_delta_fid_real`: growth of their Fréchet distance to the real images, which the
      official program of SUGAR prints; None without real images. `people`, `pictures`: their numbers.
      `judges`: for each judge `retain_id`, and `lost`, the share of people who are somebody else afterwards,
      with its interval and counts.
    """
    before, after = [], []
    changed = reference.renderer.with_generator(unlearned)
    at_once = reference.settings.batch  # then their pictures fill every batch of images
    with tqdm(total=len(ws), desc=title, unit="person", disable=not progress) as bar:
        for first in range(0, len(ws), at_once):
            some = ws[first : first + at_once]
            before.append(_see(reference, reference.renderer, some))
            after.append(_see(reference, changed, some))
            bar.update(len(some))
    old, new = (_joined(side) for side in (before, after))
    judges = {
        judge.name: _of_judge(judge, old.embeddings[judge.name], new.embeddings[judge.name])
        for judge in reference.judges
    }
    return {
        "people": len(ws),
        "pictures": len(old.features),
        "retain_id": judges[reference.judge.name]["retain_id"],
        **_distances(reference, old.features, new.features),
        "judges": judges,
    }


def _distances(reference: Reference, before: np.ndarray, after: np.ndarray) -> dict[str, float | None]:
    if len(before) < 2:  # a single picture has no covariance
        return {"retain_fid": None, "retain_delta_fid_real": None}
    start, end, real = FeatureStatistics.of(before), FeatureStatistics.of(after), reference.real
    growth = None
    if real is not None:
        first, last = (frechet_distance_of_statistics(each, real.statistics) for each in (start, end))
        growth = last - first
    return {"retain_fid": frechet_distance_of_statistics(start, end), "retain_delta_fid_real": growth}


class _Seen(NamedTuple):
    embeddings: dict[str, np.ndarray]
    """Name of a judge → `[M, V, E]`."""

    features: np.ndarray
    """`[M * V, F]`."""


def _see(reference: Reference, renderer: Renderer, ws: jax.Array) -> _Seen:
    seen = reference.embed_views(renderer, ws)
    pictures = seen.images.reshape(-1, *seen.images.shape[2:])
    return _Seen(seen.embeddings, descriptions(reference.features, pictures, reference.settings.batch))


def _joined(parts: list[_Seen]) -> _Seen:
    names = parts[0].embeddings
    return _Seen(
        {name: np.concatenate([part.embeddings[name] for part in parts]) for name in names},
        np.concatenate([part.features for part in parts]),
    )


def _of_judge(judge: CalibratedJudge, before: np.ndarray, after: np.ndarray) -> dict[str, Any]:
    similarity = judge.similarity(before, after)
    lost = [negated(judge.accepts(value)) for value in similarity]
    return {"retain_id": mean(similarity), "lost": share_of_known(lost)._asdict()}
