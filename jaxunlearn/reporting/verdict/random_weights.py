"""Say which networks of a run had random weights because their files were not found: it means nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

from jaxunlearn.models.loading import RANDOM_WEIGHTS
from jaxunlearn.reporting.page.words import joined
from jaxunlearn.training.storage.request import Request


def random_weights(of_loss: Sequence[str], judges: Sequence[str] = ()) -> list[str]:
    """Return a sentence on the networks that had random weights; none if all were read from files.

    Args:
      of_loss: names of the networks of the loss.
      judges: names of the networks that measured.
    """
    in_loss, judging = _without_weights(of_loss), _without_weights(judges)
    if not in_loss and not judging:
        return []
    networks = joined([*in_loss, *judging], "and")
    missing = (
        f"RANDOM WEIGHTS took the place of {networks}, whose files were not found (see `jaxunlearn models`)"
    )
    if not in_loss:
        whose = "this judge's" if len(judging) == 1 else "these judges'"
        return [f"{missing}: {whose} figures mean nothing."]
    return [f"{missing}. This shows time and memory only: generators and figures mean nothing."]


def random_weights_of(request: Request, figures: Mapping[str, Any]) -> list[str]:
    """Return `random_weights` of a run.

    Args:
      request: of the run.
      figures: of the run; those of a run that was not measured name no judges.
    """
    judges = figures.get("networks", {}).get("judges", [])
    return random_weights([request.perceptual, request.identity], judges)


def _without_weights(names: Sequence[str]) -> list[str]:
    return [name.removesuffix(RANDOM_WEIGHTS).rstrip() for name in names if name.endswith(RANDOM_WEIGHTS)]
