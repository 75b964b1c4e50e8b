"""What one judge says of a person before and after unlearning."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from jaxunlearn.evaluation.judges import CalibratedJudge
from jaxunlearn.evaluation.judges.answers import any_known, mean, number
from jaxunlearn.evaluation.judges.calibrated import Setup

Place = Literal["latent", "wide", "truncated", "photos"]
PLACES: tuple[Place, ...] = get_args(Place)
"""Where a person is looked for: at their latent, from the sides, truncated, and in their other photos."""


class Parts(NamedTuple):
    """Embeddings of a person in one generator, by one judge. `V` views, `E` numbers of an embedding."""

    person: np.ndarray
    """`[1, V, E]`, at the person's latent."""

    truncated: np.ndarray
    """`[P, V, E]`, at latents between the mean and the person, and beyond."""

    others: np.ndarray
    """`[M, V, E]`, at latents of other photos."""

    target: np.ndarray
    """`[0 or 1, V, E]`, at the target's latent."""

    wide: np.ndarray
    """`[1, 2, E]`, at the person's latent, from far to the sides."""


Looks = Mapping[tuple[str, float | None], dict[str, Any]]
"""Place, and psi or number of the other photo → what a judge says of the person there."""


def looks_by_judge(
    judge: CalibratedJudge, before: Parts, after: Parts, truncations: Sequence[float]
) -> Looks:
    """Look for a person in each place.

    Args:
      judge: who looks.
      before: in the source.
      after: in the unlearned generator.
      truncations: psi of the truncated latents, `P`.

    Returns:
      For each of `PLACES` the `similarity` before and after, and `found`: True if the judge finds the person,
      None if it cannot say. A truncated latent is compared with the person before; beside it and other photos
      stands `source`, the similarity to the person in the source. In a photo that is not the person to the
      judge in the source, it cannot find them.
    """
    similarity = judge.similarity

    def seen(value: float, setup: Setup = "views") -> dict[str, Any]:
        return {"similarity": number(value), "found": judge.accepts(value, setup)}

    looks: dict[tuple[str, float | None], dict[str, Any]] = {
        ("latent", None): seen(similarity(before.person, after.person)[0]),
        ("wide", None): seen(similarity(before.wide, after.wide)[0], "wide"),
    }
    truncated = similarity(before.person, after.truncated)
    sources = similarity(before.person, before.truncated)
    for psi, value, source in zip(truncations, truncated, sources, strict=True):
        looks["truncated", psi] = {**seen(value), "source": number(source)}
    photos, sources = similarity(before.others, after.others), similarity(before.person, before.others)
    for k, (value, source) in enumerate(zip(photos, sources, strict=True)):
        unknown = {} if judge.accepts(source) else {"found": None}
        looks["photos", k] = {**seen(value), **unknown, "source": number(source)}
    return looks


def figures_by_judge(judge: CalibratedJudge, before: Parts, after: Parts, looks: Looks) -> dict[str, Any]:
    """Compare a person before and after.

    Args:
      judge: who compares.
      before: in the source.
      after: in the unlearned generator; its target is not used.
      looks: of `looks_by_judge`.

    Returns:
      `measure`: what a similarity of this judge is. `threshold`, `threshold_wide`: from this similarity on,
      two people count as one, by all views or by the wide ones. `id`: the person before and after.
      `stranger_rank`: share of pairs of strangers that are at least as alike as `id`. `id_target`,
      `id_to_target`: the person before, and after, against the target before. `reaches_target`: True if the
      person after counts as their target. `id_wide`: as `id`, from the wide views. `truncated`: for each psi
      `id`, the person before against the truncated latent after, and `source`, the same in the source: a
      control, since someone near the mean may not be that person in the first place. `others`, `id_others`:
      number of other photos, and their similarity before and after. `others_known`: the same control for
      them, the number of photos that the judge takes for the person in the source; only these count for
      `others_found`, in which the person is still found, and for `id_others_max`. A judge without a threshold
      counts all. `found`: for each place True if the judge finds the person, None if it cannot say.
    """
    similarity = judge.similarity
    own, photos = looks["latent", None]["similarity"], _at(looks, "photos")
    known = [judge.accepts(photo["source"]) for photo in photos]
    alike = [photo["similarity"] for photo in photos if photo["similarity"] is not None]
    counted = [
        photo["similarity"]
        for photo, each in zip(photos, known, strict=True)
        if photo["similarity"] is not None and each is not False
    ]
    to_target = mean(similarity(after.person, before.target))
    return {
        "measure": judge.measure,
        "threshold": judge.threshold("views"),
        "threshold_wide": judge.threshold("wide"),
        "id": own,
        "stranger_rank": judge.rank(own),
        "id_target": mean(similarity(before.person, before.target)),
        "id_to_target": to_target,
        "reaches_target": judge.accepts(to_target),
        "id_wide": looks["wide", None]["similarity"],
        "truncated": {
            str(psi): {"id": look["similarity"], "source": look["source"]}
            for (place, psi), look in looks.items()
            if place == "truncated"
        },
        "id_others": fmean(alike) if alike else None,
        "id_others_max": max(counted, default=None),
        "others_found": sum(photo["found"] is True for photo in photos),
        "others": len(photos),
        "others_known": sum(each is True for each in known),
        "found": {place: any_known(look["found"] for look in _at(looks, place)) for place in PLACES},
    }


def _at(looks: Looks, place: str) -> list[dict[str, Any]]:
    return [look for (where, _), look in looks.items() if where == place]
