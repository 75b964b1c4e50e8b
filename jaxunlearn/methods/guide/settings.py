"""Settings of GUIDE; defaults are the paper's (section 4.1 and Eq. 3-9)."""

import dataclasses

from jaxunlearn.methods.config.common_settings import Common, ManyPairs
from jaxunlearn.methods.config.declaration import section, setting


@dataclasses.dataclass(frozen=True)
class Guide(Common):
    """Settings of GUIDE, with a generator copy for each person."""

    method: str = setting("guide", "The method.", choices=("guide",))
    shared_generator: bool = setting(False, "All people share one generator.")


@dataclasses.dataclass(frozen=True)
class GuideOfMany(Guide):
    """Settings of GUIDE extended to many people in one generator, SUGAR's baseline."""

    shared_generator: bool = setting(True, "All people share one generator.")
    pairs: ManyPairs = section(ManyPairs)
