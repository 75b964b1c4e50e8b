"""Settings of GUIDE; defaults are the paper's (section 4.1 and Eq. 3-9)."""

import dataclasses

from jaxunlearn.methods.common_settings import TARGETS, Common, ManyPairs, Pairs
from jaxunlearn.methods.settings import section, setting


@dataclasses.dataclass(frozen=True)
class Target:
    """`config.target`: who people become."""

    kind: str = setting("extrapolated", "How targets are computed.", choices=TARGETS)
    distance: float = setting(
        30.0, "Distance d of the extrapolated target from the mean, in `unit`.", least=0, most=1e6
    )
    share: float = setting(0.5, "For `interpolated`: share of the way to the mean.", least=0, most=10)


@dataclasses.dataclass(frozen=True)
class Guide(Common):
    """Settings of GUIDE, with a generator copy for each person."""

    method: str = setting("guide", "The method.", choices=("guide",))
    shared_generator: bool = setting(False, "All people share one generator.")
    target: Target = section(Target)
    pairs: Pairs = section(Pairs)


@dataclasses.dataclass(frozen=True)
class GuideOfMany(Guide):
    """Settings of GUIDE extended to many people in one generator, SUGAR's baseline."""

    shared_generator: bool = setting(True, "All people share one generator.")
    pairs: ManyPairs = section(ManyPairs)
