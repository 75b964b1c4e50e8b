"""Settings of LEGATO. Only the paper's abstract is known here: sizes and times are the official code's."""

import dataclasses

from jaxunlearn.methods.config.common_settings import Common
from jaxunlearn.methods.config.declaration import section, setting


@dataclasses.dataclass(frozen=True)
class Adapters:
    """`config.adapters`: the parts that are trained."""

    hidden: int = setting(256, "Hidden width of every adapter.", least=1, most=8192)
    end: float = setting(
        1.6, "End time of the adapters' differential equation, which starts at 0.", least=1e-3, most=100
    )
    step: float = setting(0.4, "Length of an Euler step; the last one may be shorter.", least=0.01, most=100)
    first: str = setting(
        "active",
        "Adapter of the 4x4 block; `inert`: stored, but never applied, as in the official program.",
        choices=("active", "inert", "absent"),
    )


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
