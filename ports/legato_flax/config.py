"""Sizes and times of LEGATO's adapters."""

import dataclasses
from typing import Literal, Self

from eg3d_flax import GeneratorConfig
from torch_bridge.limits import Limits, refuse_unusable

_LIMITS: Limits = {"channels": (0, 8192), "hidden": (1, 8192)}
_MOST_BLOCKS = 11
"""b4 to b4096."""
MOST_STEPS = 1000

FirstBlock = Literal["active", "inert", "absent"]


@dataclasses.dataclass(frozen=True)
class AdaptersConfig:
    """Sizes of the adapters of a synthesis network, and how long their differential equation runs.

    Attributes:
      channels: channels of the blocks b4, b8, b16, ... in order; 0 for a block without an adapter.
      hidden: hidden width of every adapter.
      end: end time of the equation, at least 0; it starts at 0. At 0, adapters change nothing.
      step: length of an Euler step; the last one is shorter where `end` is no multiple of it.
      inert_first: True keeps the weights of b4's adapter but never applies it, as the official code does.
    """

    channels: tuple[int, ...]
    hidden: int = 256
    end: float = 1.6
    step: float = 0.4
    inert_first: bool = False

    def __post_init__(self) -> None:
        refuse_unusable(self, _LIMITS)
        if not 1 <= len(self.channels) <= _MOST_BLOCKS or not any(self.channels):
            raise ValueError(f"channels must be of 1 to {_MOST_BLOCKS} blocks, and not all of them 0")
        if not (self.step > 0 and 0 <= self.end <= MOST_STEPS * self.step):
            raise ValueError(
                f"end ({self.end}) must be from 0 to {MOST_STEPS} times step ({self.step}), which must be "
                "above 0"
            )

    @classmethod
    def for_generator(
        cls,
        generator: GeneratorConfig,
        *,
        hidden: int = 256,
        end: float = 1.6,
        step: float = 0.4,
        first: FirstBlock = "active",
    ) -> Self:
        """Return the config of adapters that fit a generator.

        Args:
          generator: sizes of the generator.
          hidden: see the class.
          end: see the class.
          step: see the class.
          first: b4 has an adapter ("active"), one that is never applied ("inert"), or none ("absent").
        """
        sides = [2**i for i in range(2, generator.plane_resolution.bit_length())]
        channels = [min(generator.channel_base // side, generator.channel_max) for side in sides]
        if first == "absent":
            channels[0] = 0
        return cls(tuple(channels), hidden, end, step, inert_first=first == "inert")

    @property
    def blocks(self) -> dict[str, int]:
        """Names of the blocks with an adapter → their channels."""
        return {f"b{4 << i}": channels for i, channels in enumerate(self.channels) if channels}

    @property
    def applied(self) -> tuple[str, ...]:
        """Names of the blocks whose adapter is applied, from the coarsest to the finest."""
        return tuple(name for name in self.blocks if not (self.inert_first and name == "b4"))
