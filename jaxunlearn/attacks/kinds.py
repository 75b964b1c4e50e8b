"""All attacks by name: a new one is an entry of `KINDS`, and of `depth.ATTACKS` for the command line."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from jaxunlearn.attacks.attacked import Attacked, Found
from jaxunlearn.attacks.benign import BenignSettings, finetune_benignly
from jaxunlearn.attacks.depth import Depth
from jaxunlearn.attacks.erasure import ErasureSettings, detect_erasure, draw_erasure_map
from jaxunlearn.attacks.relearning import RelearnSettings, relearn
from jaxunlearn.attacks.search import NearSettings, ReinversionSettings, reinvert, search_near
from jaxunlearn.attacks.unseen_latents import UnseenSettings, unseen_latents


@dataclasses.dataclass(frozen=True)
class Kind:
    """An attack.

    Attributes:
      run: person and generator, depth, and whether to show progress bars → what was found.
      settings: depth → settings of the attack, a dataclass; another value makes a finished attack run again.
      everybody: True if it looks at all forgotten people of a generator at once.
    """

    run: Callable[[Attacked, Depth, bool], Found]
    settings: Callable[[Depth], Any]
    everybody: bool = False


def _unseen(attacked: Attacked, depth: Depth, progress: bool) -> Found:
    settings = dataclasses.replace(UnseenSettings.at_depth(depth), seed=attacked.seed)
    figures = unseen_latents(
        attacked.reference, attacked.unlearned, attacked.ws[None], settings, progress=progress
    )
    return Found({**figures["people"][0], "settings": figures["settings"]}, {})


def _erasure(attacked: Attacked, depth: Depth, progress: bool) -> Found:
    settings = dataclasses.replace(ErasureSettings.at_depth(depth), seed=attacked.seed)
    found = detect_erasure(
        attacked.models, attacked.unlearned, attacked.everybody, settings, progress=progress
    )
    return Found(found.figures, {}, {"map": draw_erasure_map(found.map)})


def _reinversion(attacked: Attacked, depth: Depth, progress: bool) -> Found:
    return reinvert(attacked, ReinversionSettings.at_depth(depth), progress=progress)


def _search(attacked: Attacked, depth: Depth, progress: bool) -> Found:
    return search_near(attacked, NearSettings.at_depth(depth), progress=progress)


def _relearning(attacked: Attacked, depth: Depth, progress: bool) -> Found:
    return relearn(attacked, RelearnSettings.at_depth(depth), progress=progress)


def _benign(attacked: Attacked, depth: Depth, progress: bool) -> Found:
    return finetune_benignly(attacked, BenignSettings.at_depth(depth), progress=progress)


KINDS: Mapping[str, Kind] = {
    "reinversion": Kind(_reinversion, ReinversionSettings.at_depth),
    "search": Kind(_search, NearSettings.at_depth),
    "unseen": Kind(_unseen, UnseenSettings.at_depth),
    "relearning": Kind(_relearning, RelearnSettings.at_depth),
    "benign": Kind(_benign, BenignSettings.at_depth),
    "erasure": Kind(_erasure, ErasureSettings.at_depth, everybody=True),
}
