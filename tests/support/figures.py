"""Figures of an evaluation, as two judges would give them, without an evaluation."""

from typing import Any

from jaxunlearn.evaluation.forgetting import forgotten_places
from jaxunlearn.evaluation.forgetting_by_judge import PLACES
from jaxunlearn.evaluation.judges.answers import all_known

THRESHOLDS = {"heads identity judge": 0.7, "dlib": 0.79}


def judged(name: str, **changes: Any) -> dict[str, Any]:
    """Return what a judge says of a person who is forgotten; other photos were not given."""
    found = dict.fromkeys(("latent", "wide", "truncated"), False) | {"photos": None}
    return {
        "measure": "mean cosine over views",
        "threshold": THRESHOLDS[name],
        "threshold_wide": 0.75,
        "id": 0.1,
        "stranger_rank": 0.45,
        "id_target": 0.05,
        "id_to_target": 0.9,
        "reaches_target": True,
        "id_wide": 0.2,
        "truncated": {"0.5": {"id": 0.3, "source": 0.66}},
        "id_others": None,
        "id_others_max": None,
        "others_found": 0,
        "others": 0,
        "others_known": 0,
        "found": found | changes.pop("found", {}),
    } | changes


def of_person(main: dict[str, Any] | None = None, dlib: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the figures of a run that forgot a person.

    Args:
      main: changes of what the main judge says.
      dlib: changes of what dlib says.
    """
    judges: dict[str, Any] = {
        "heads identity judge": judged("heads identity judge", **(main or {})),
        "dlib": judged("dlib", **{"id": 0.6, **(dlib or {})}),
    }
    forgotten_by = forgotten_places(judges)
    first = judges["heads identity judge"]
    return {
        **{name: first[name] for name in ("id", "id_target", "id_to_target", "id_others", "id_others_max")},
        "id_std": 0.02,
        "threshold": first["threshold"],
        "forgotten": all_known(forgotten_by.values()),
        "forgotten_by": forgotten_by,
        "judges": judges,
        "picture_change": {
            "pictures": 11,
            **{
                name: {"mean": mean, "std": std}
                for name, mean, std in (
                    ("mse", 1022.81, 235.0),
                    ("psnr", 18.55, 0.84),
                    ("lpips", 0.2936, 0.0141),
                    ("ssim", 0.7156, None),
                    ("ssim_uniform", 0.7, 0.01),
                )
            },
        },
        "others_id": 0.94,
        "others_id_p5": 0.79,
        "others_lost": 0.03125,
        "others_lost_counts": {"share": 0.03125, "low": 0.01, "high": 0.11, "number": 2, "people": 64},
        "near": {
            "0.5": {
                "people": 64,
                "same": 4,
                "lost": 0.25,
                "lost_counts": {"share": 0.25, "low": 0.16, "high": 0.37, "number": 15, "people": 60},
                "others_id": 0.8,
            }
        },
        "retained_lpips": 0.005,
        "fid_pre": 1.38,
        "networks": {"identity": "heads identity judge", "frechet": "alexnet"},
    }


def nobody_seen() -> dict[str, Any]:
    """Return the figures of a run in which no face was found."""
    nothing: dict[str, Any] = {
        **dict.fromkeys(("id", "stranger_rank", "id_target", "id_to_target", "reaches_target", "id_wide")),
        "truncated": {"0.5": {"id": None, "source": None}},
        "found": dict.fromkeys(PLACES),
    }
    return of_person(nothing, nothing) | {"id_std": None}
