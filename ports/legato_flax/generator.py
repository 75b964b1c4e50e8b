"""A generator with adapters: it renders as a generator does, and its own weights stay as they are."""

import jax

from eg3d_flax import Compute, GeneratorConfig, TriPlaneGenerator
from eg3d_flax.compute import DEFAULT
from eg3d_flax.decoder import OSGDecoder
from eg3d_flax.generator import Backbone
from eg3d_flax.superresolution import Superresolution
from eg3d_flax.synthesis import NOTHING, Adaptation, Features, Noise, NoiseMode
from legato_flax.adapters import Adapters


class AdaptedGenerator(TriPlaneGenerator):
    """A generator with an adapter after the convolutions of each synthesis block.

    Mapping, decoder and super-resolution are the generator's. A generator with adapters can get further ones,
    which then come after the first in each block.

    Attributes:
      generator: the generator without these adapters; its weights are shared, not copied.
      adapters: for blocks that the generator has.
    """

    def __init__(self, generator: TriPlaneGenerator, adapters: Adapters):
        self.generator, self.adapters = generator, adapters
        blocks = self.backbone.synthesis.blocks
        for name, channels in adapters.config.blocks.items():
            if name not in blocks:
                raise ValueError(f"adapters for block {name}, which this generator does not have")
            wanted = blocks[name].conv1.weight.shape[-1]
            if channels != wanted:
                raise ValueError(f"adapters for {channels} channels in block {name}, which has {wanted}")

    @property
    def config(self) -> GeneratorConfig:
        """See `TriPlaneGenerator`."""
        return self.generator.config

    @property
    def backbone(self) -> Backbone:
        """See `TriPlaneGenerator`."""
        return self.generator.backbone

    @property
    def decoder(self) -> OSGDecoder:
        """See `TriPlaneGenerator`."""
        return self.generator.decoder

    @property
    def superresolution(self) -> Superresolution | None:
        """See `TriPlaneGenerator`."""
        return self.generator.superresolution

    def planes(
        self,
        ws: jax.Array,
        noise_mode: NoiseMode = "const",
        *,
        key: jax.Array | None = None,
        noise: Noise | None = None,
        adapt: Adaptation = NOTHING,
        compute: Compute = DEFAULT,
    ) -> jax.Array:
        """Map ws to feature planes as `TriPlaneGenerator.planes` does, with these adapters before `adapt`."""
        both = chained(self.adapters.adaptation(), adapt)
        return self.generator.planes(ws, noise_mode, key=key, noise=noise, adapt=both, compute=compute)

    def planes_and_states(
        self,
        ws: jax.Array,
        noise_mode: NoiseMode = "const",
        *,
        block: str,
        noise: Noise | None = None,
        compute: Compute = DEFAULT,
    ) -> tuple[jax.Array, list[jax.Array]]:
        """Compute planes, and what the adapter of a block did on the way.

        Args:
          ws: `[B, num_ws, w_dim]`.
          noise_mode: see `planes`.
          block: name of a block whose adapter is applied.
          noise: see `planes`.
          compute: dtype and forms.

        Returns:
          Planes `[B, 3, H, W, C]`, and the block's features `[B, R, R, C]` before and after each Euler step.
        """
        states: list[jax.Array] = []

        def watched(x: jax.Array) -> jax.Array:
            states.extend(self.adapters.states(block, x))
            return states[-1]

        adapt = {**self.adapters.adaptation(), block: watched}
        planes = self.generator.planes(ws, noise_mode, noise=noise, adapt=adapt, compute=compute)
        return planes, [state[: len(ws)] for state in states]  # further rows only fill the batch up


def chained(first: Adaptation, second: Adaptation) -> Adaptation:
    """Return the adaptation that applies one after the other where a block has both."""

    def both(block: str) -> Features:
        if block not in first:
            return second[block]
        if block not in second:
            return first[block]
        return lambda x: second[block](first[block](x))

    return {block: both(block) for block in dict.fromkeys((*first, *second))}
