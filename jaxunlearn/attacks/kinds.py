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
      run: person and generator, settings, and by keyword `progress`, True for progress bars → what was found.
      settings: depth → settings of the attack, a dataclass; another value makes a finished attack run again.
      everybody: True if it looks at all forgotten people of a generator at once.
    """

    run: Callable[..., Found]
    settings: Callable[[Depth], Any]
    everybody: bool = False


def _erasure(attacked: Attacked, settings: ErasureSettings, *, progress: bool) -> Found:
    found = detect_erasure(
        attacked.models,
        attacked.unlearned,
        attacked.everybody,
        dataclasses.replace(settings, seed=attacked.seed),
        progress=progress,
    )
    return Found(found.figures, {}, {"map": draw_erasure_map(found.map)})


KINDS: Mapping[str, Kind] = {
    "reinversion": Kind(reinvert, ReinversionSettings.at_depth),
    "search": Kind(search_near, NearSettings.at_depth),
    "unseen": Kind(unseen_latents, UnseenSettings.at_depth),
    "relearning": Kind(relearn, RelearnSettings.at_depth),
    "benign": Kind(finetune_benignly, BenignSettings.at_depth),
    "erasure": Kind(_erasure, ErasureSettings.at_depth, everybody=True),
}
