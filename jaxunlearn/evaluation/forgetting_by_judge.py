"""What one judge says of a person before and after unlearning."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from jaxunlearn.evaluation.judges import CalibratedJudge
from jaxunlearn.evaluation.judges.answers import any_known
from jaxunlearn.evaluation.judges.calibrated import Setup


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


def figures_by_judge(
    judge: CalibratedJudge, before: Parts, after: Parts, truncations: Sequence[float]
) -> dict[str, Any]:
    """Compare a person before and after.

    Args:
      judge: who compares.
      before: in the source.
      after: in the unlearned generator; its target is not used.
      truncations: psi of the truncated latents, `P`.

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
    similarity = judge.judge.similarity
    own = number(similarity(before.person, after.person)[0])
    wide = number(similarity(before.wide, after.wide)[0])
    truncated = similarity(before.person, after.truncated)
    control = similarity(before.person, before.truncated)
    photos = _photos(judge, before, after)
    counted = np.array([photo.similarity for photo in photos if photo.known is not False])
    to_target = mean(similarity(after.person, before.target))
    return {
        "measure": judge.judge.measure,
        "threshold": judge.threshold("views"),
        "threshold_wide": judge.threshold("wide"),
        "id": own,
        "stranger_rank": judge.rank(own),
        "id_target": mean(similarity(before.person, before.target)),
        "id_to_target": to_target,
        "reaches_target": judge.accepts(to_target),
        "id_wide": wide,
        "truncated": {
            str(psi): {"id": number(value), "source": number(source)}
            for psi, value, source in zip(truncations, truncated, control, strict=True)
        },
        "id_others": mean(np.array([photo.similarity for photo in photos])),
        "id_others_max": number(np.nanmax(counted)) if np.isfinite(counted).any() else None,
        "others_found": sum(photo.found is True for photo in photos),
        "others": len(photos),
        "others_known": sum(photo.known is True for photo in photos),
        "found": {
            "latent": judge.accepts(own),
            "wide": judge.accepts(wide, "wide"),
            "truncated": any_known([judge.accepts(value) for value in truncated]),
            "photos": any_known(photo.found for photo in photos),
        },
    }


def looks_by_judge(
    judge: CalibratedJudge, before: Parts, after: Parts, truncations: Sequence[float]
) -> dict[tuple[str, float | None], dict[str, Any]]:
    """Return each look at a person by itself.

    Args:
      judge: who looks.
      before: in the source.
      after: in the unlearned generator.
      truncations: psi of the truncated latents, `P`.

    Returns:
      Place, and psi or number of the other photo → `similarity` before and after, `found` (True if the judge
      finds the person, None if it cannot say), and for truncated latents and other photos `source`, the
      similarity to the person in the source.
    """
    similarity = judge.judge.similarity

    def seen(value: float, setup: Setup = "views") -> dict[str, Any]:
        return {"similarity": number(value), "found": judge.accepts(value, setup)}

    truncated = zip(
        truncations,
        similarity(before.person, after.truncated),
        similarity(before.person, before.truncated),
        strict=True,
    )
    return {
        ("latent", None): seen(similarity(before.person, after.person)[0]),
        ("wide", None): seen(similarity(before.wide, after.wide)[0], "wide"),
        **{("truncated", psi): {**seen(value), "source": number(source)} for psi, value, source in truncated},
        **{
            ("photos", k): {
                "similarity": number(photo.similarity),
                "found": photo.found,
                "source": number(photo.source),
            }
            for k, photo in enumerate(_photos(judge, before, after))
        },
    }


class _Photo(NamedTuple):
    """What a judge says of another photo of a person."""

    similarity: float
    """Before and after."""

    source: float
    """To the person, both in the source."""

    known: bool | None
    """True if the judge takes it for the person in the source."""

    found: bool | None
    """True if the judge finds the person in it afterwards; None if it does not know them there before."""


def _photos(judge: CalibratedJudge, before: Parts, after: Parts) -> list[_Photo]:
    similarity = judge.judge.similarity
    photos = []
    for value, source in zip(
        similarity(before.others, after.others), similarity(before.person, before.others), strict=True
    ):
        known = judge.accepts(source)
        photos.append(_Photo(value, source, known, judge.accepts(value) if known else None))
    return photos


def number(value: float | np.floating) -> float | None:
    """Return a number for JSON; None for NaN."""
    return None if np.isnan(value) else float(value)


def mean(values: np.ndarray) -> float | None:
    """Return the mean of the values that are numbers; None if none is."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else None
