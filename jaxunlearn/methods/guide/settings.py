"""Settings of GUIDE; defaults are the paper's (section 4.1 and Eq. 3-9)."""

import dataclasses

from jaxunlearn.methods.common_settings import TARGETS, Common, ManyPairs, Pairs
from jaxunlearn.methods.settings import section, setting


@dataclasses.dataclass(frozen=True)
class Target:
    """`config.target`: who people become."""

    kind: str = setting("extrapolated", "How the target is found.", choices=TARGETS)
    distance: float = setting(
        30.0, "Distance d of the extrapolated target from the mean, in `unit`.", least=0, most=1e6
    )
    share: float = setting(0.5, "Part of the way to the mean, of `interpolated`.", least=0, most=10)


@dataclasses.dataclass(frozen=True)
class Guide(Common):
    """One person a generator copy."""

    method: str = setting("guide", "The method.", choices=("guide",))
    shared_generator: bool = setting(False, "All people share one generator.")
    target: Target = section(Target)
    pairs: Pairs = section(Pairs)


@dataclasses.dataclass(frozen=True)
class GuideOfMany(Guide):
    """GUIDE extended to many people in one generator, SUGAR's baseline."""

    shared_generator: bool = setting(True, "All people share one generator.")
    pairs: ManyPairs = section(ManyPairs)
