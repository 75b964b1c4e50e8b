"""The adapters of all blocks of a synthesis network."""

import dataclasses
import functools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
from flax import nnx

from eg3d_flax.layers import Buffer
from eg3d_flax.synthesis import Adaptation
from legato_flax.adapter import Adapter, euler_steps
from legato_flax.config import AdaptersConfig


class Adapters(nnx.Module):
    """An adapter for each block of `config.blocks`, as attributes `b4`, `b8`, ..."""

    _lengths: Buffer | None = None
    """Lengths of the Euler steps, if they are not those of `config`; see `with_strengths`."""

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

    def with_strengths(self, strengths: Sequence[float]) -> "list[Adapters]":
        """Return the same adapters as `with_strength` does for each strength, which share compiled programs.

        Where their steps are numbers and not part of the program, it is compiled only once. So all take as
        many steps as the greatest strength, and further ones are of length 0. `config` stays as it is: these
        adapters are to be applied, not to be written to a file.

        Args:
          strengths: factors of the end time.
        """
        end, step = self.config.end, self.config.step
        steps = [euler_steps(strength * end, step) for strength in strengths]
        most = max(map(len, steps))

        def taking(steps: Sequence[float]) -> "Adapters":
            changed = nnx.merge(*nnx.split(self))
            changed._lengths = Buffer(jnp.array([*steps, *[0.0] * (most - len(steps))], jnp.float32))
            return changed

        return [taking(each) for each in steps]

    def adapter(self, block: str) -> Adapter:
        """Return the adapter of a block."""
        return getattr(self, block)

    def states(self, block: str, x: jax.Array) -> list[jax.Array]:
        """Return the features `[..., C]` of a block before and after each Euler step."""
        steps: Sequence[float | jax.Array] = euler_steps(self.config.end, self.config.step)
        if self._lengths is not None:
            steps = [*self._lengths[...].astype(x.dtype)]
        return self.adapter(block).states(x, steps)

    def adaptation(self) -> Adaptation:
        """Return the functions of the blocks whose adapter is applied; see `SynthesisNetwork`."""
        return {block: functools.partial(self._output, block) for block in self.config.applied}

    def _output(self, block: str, x: jax.Array) -> jax.Array:
        return self.states(block, x)[-1]
