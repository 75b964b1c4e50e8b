"""The adapters of all blocks of a synthesis network."""

import dataclasses
import functools

import jax
from flax import nnx

from eg3d_flax.synthesis import Adaptation
from legato_flax.adapter import Adapter, euler_steps
from legato_flax.config import AdaptersConfig


class Adapters(nnx.Module):
    """An adapter for each block of `config.blocks`, as attributes `b4`, `b8`, ..."""

    def __init__(self, config: AdaptersConfig, *, rngs: nnx.Rngs):
        self.config = config
        for name, channels in config.blocks.items():
            setattr(self, name, Adapter(channels, config.hidden, rngs=rngs))

    def with_strength(self, strength: float) -> "Adapters":
        """Return the same adapters with another end time: 0 changes nothing, 1 is as these, 1.5 goes on.

        Args:
          strength: factor of the end time.
        """
        changed = nnx.merge(*nnx.split(self))
        changed.config = dataclasses.replace(self.config, end=strength * self.config.end)
        return changed

    def adapter(self, block: str) -> Adapter:
        """Return the adapter of a block."""
        return getattr(self, block)

    def states(self, block: str, x: jax.Array) -> list[jax.Array]:
        """Return the features `[..., C]` of a block before and after each Euler step."""
        return self.adapter(block).states(x, euler_steps(self.config.end, self.config.step))

    def adaptation(self) -> Adaptation:
        """Return the functions of the blocks whose adapter is applied; see `SynthesisNetwork`."""
        return {block: functools.partial(self._output, block) for block in self.config.applied}

    def _output(self, block: str, x: jax.Array) -> jax.Array:
        return self.states(block, x)[-1]
