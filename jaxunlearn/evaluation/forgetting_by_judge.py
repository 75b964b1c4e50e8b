"""What one judge says of a person before and after unlearning."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Literal, NamedTuple, NotRequired, TypedDict, get_args

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


class Look(TypedDict):
    """What a judge says of a person in one place.

    Attributes:
      similarity: the person before and after; at a truncated latent, the person before against that latent
        after. None without a face.
      found: True if the judge finds the person; None if it cannot say, and in a photo that is not the person
        to the judge in the source.
      source: the same similarity in the source; only of truncated latents and other photos.
    """

    similarity: float | None
    found: bool | None
    source: NotRequired[float | None]


class TruncatedFigures(TypedDict):
    """A person at a truncated latent.

    Attributes:
      id: similarity of the person before and the truncated latent after.
      source: the same in the source: a control, since someone near the mean may not be that person in the
        first place.
    """

    id: float | None
    source: float | None


class JudgeFigures(TypedDict):
    """A person before and after, to one judge.

    A similarity is None if its latents are not given, or if it has no pair with two faces.

    Attributes:
      measure: what a similarity of this judge is.
      threshold: from this similarity on, two people count as one; None if unknown.
      threshold_wide: the same from the wide views.
      id: similarity of the person before and after.
      stranger_rank: share of pairs of strangers that are at least as alike as `id`.
      id_target: the person before against the target before.
      id_to_target: the person after against the target before.
      reaches_target: True if the person after counts as their target.
      id_wide: as `id`, from the wide views.
      truncated: for each psi the person at the truncated latent.
      id_others: mean similarity of the other photos before and after.
      id_others_max: the highest of them, without photos that are somebody else to the judge in the source.
      others_found: number of photos of `others_known` in which the judge still finds the person.
      others: number of other photos.
      others_known: number of other photos that the judge takes for the person in the source: a control, as
        `TruncatedFigures.source`.
      found: for each place True if the judge finds the person; None if it cannot say.
    """

    measure: str
    threshold: float | None
    threshold_wide: float | None
    id: float | None
    stranger_rank: float | None
    id_target: float | None
    id_to_target: float | None
    reaches_target: bool | None
    id_wide: float | None
    truncated: dict[str, TruncatedFigures]
    id_others: float | None
    id_others_max: float | None
    others_found: int
    others: int
    others_known: int
    found: dict[Place, bool | None]


Looks = Mapping[tuple[Place, float | None], Look]
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
      A look for each of `PLACES`, for each psi, and for each other photo.
    """
    similarity = judge.similarity

    def seen(value: float, setup: Setup = "views") -> Look:
        return {"similarity": number(value), "found": judge.accepts(value, setup)}

    looks: dict[tuple[Place, float | None], Look] = {
        ("latent", None): seen(similarity(before.person, after.person)[0]),
        ("wide", None): seen(similarity(before.wide, after.wide)[0], "wide"),
    }
    truncated = similarity(before.person, after.truncated)
    sources = similarity(before.person, before.truncated)
    for psi, value, source in zip(truncations, truncated, sources, strict=True):
        looks["truncated", psi] = {**seen(value), "source": number(source)}
    photos, sources = similarity(before.others, after.others), similarity(before.person, before.others)
    for k, (value, source) in enumerate(zip(photos, sources, strict=True)):
        looks["photos", k] = {**seen(value), "source": number(source)}
        if not judge.accepts(source):
            looks["photos", k]["found"] = None
    return looks


def figures_by_judge(judge: CalibratedJudge, before: Parts, after: Parts, looks: Looks) -> JudgeFigures:
    """Compare a person before and after.

    Args:
      judge: who compares.
      before: in the source.
      after: in the unlearned generator; its target is not used.
      looks: of `looks_by_judge`.
    """
    similarity = judge.similarity
    own, photos = looks["latent", None]["similarity"], _at(looks, "photos")
    known = [judge.accepts(photo.get("source")) for photo in photos]
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
            str(psi): {"id": look["similarity"], "source": look.get("source")}
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


def _at(looks: Looks, place: Place) -> list[Look]:
    return [look for (where, _), look in looks.items() if where == place]
