"""Settings of LEGATO. Of the paper only a part is known here: sizes and times are the official code's."""

import dataclasses

from jaxunlearn.methods.config.common_settings import Adapters, Common
from jaxunlearn.methods.config.declaration import section, setting


@dataclasses.dataclass(frozen=True)
class Trajectory:
    """`config.trajectory`: the penalty on how far an adapter moves the features in each Euler step."""

    weight: float = setting(
        1.0, "Weight of the mean squared increment, over the steps, of the local pair.", least=0, most=1e9
    )
    last_increment: float = setting(
        0.0,
        "Further weight of the last increment; 1 in the official program, probably by a slip.",
        least=0,
        most=1e9,
    )
    resolution: int = setting(
        0,
        "Resolution of the block whose adapter is looked at; 0: half of the planes'.",
        least=0,
        most=4096,
    )


@dataclasses.dataclass(frozen=True)
class Legato(Common):
    """Settings of LEGATO, with adapters for each person."""

    method: str = setting("legato", "The method.", choices=("legato",))
    adapters: Adapters = section(Adapters)
    trajectory: Trajectory = section(Trajectory)
