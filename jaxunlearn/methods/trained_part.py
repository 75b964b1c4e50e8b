"""What a method trains in a generator: by default the parameters of its synthesis backbone."""

import dataclasses
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import jax

from eg3d_flax import Compute, GeneratorConfig
from eg3d_flax.synthesis import Noise, NoiseMode
from jaxunlearn.errors import InputError
from jaxunlearn.models import flops
from jaxunlearn.models.adapters import has_adapters
from jaxunlearn.models.generator import Generator, SplitGenerator, split_generator

Pytree = Any


class PlanesWork(NamedTuple):
    """Operations of one latent's planes in a generator that is trained."""

    forward: float
    backward: float
    """Of the gradients of features and of what is trained."""


class TrainedPart(Protocol):
    """What is trained, and how planes are computed with it; hashable, since programs are compiled for it."""

    @property
    def shares_convolutions(self) -> bool:
        """True if the backbone's convolutions are the same in all copies; they then get one batch."""
        ...

    def check(self, generator: Generator) -> None:
        """Refuse a generator that does not have the part, or cannot get it.

        Raises:
          InputError: with the name of its class.
        """
        ...

    def split(self, generator: Generator, seed: int) -> SplitGenerator:
        """Return the generator to train, taken apart.

        Args:
          generator: the loaded one, which stays as it is.
          seed: of what is drawn, if a part is added to the generator.
        """
        ...

    def trained(self, generator: Generator) -> Pytree:
        """Return what an earlier request trained in its generator, as `SplitGenerator.trainable` has it.

        Raises:
          InputError: if it trained another part.
        """
        ...

    def planes(
        self,
        generator: Generator,
        ws: jax.Array,
        noise_mode: NoiseMode,
        *,
        noise: Noise | None,
        compute: Compute,
    ) -> tuple[jax.Array, Mapping[str, jax.Array]]:
        """Compute planes in the generator that is trained.

        Args:
          generator: the merged one.
          ws: `[B, L, D]`.
          noise_mode: see `Generator.planes`.
          noise: see `Generator.planes`.
          compute: dtype and forms.

        Returns:
          Planes `[B, ...]`; and by name terms of the loss `[B]`, whose weights are in `PairSampling.weights`.
        """
        ...

    def work(self, config: GeneratorConfig) -> PlanesWork:
        """Return the operations of one latent's planes."""
        ...


@dataclasses.dataclass(frozen=True)
class Backbone:
    """The parameters of the synthesis backbone."""

    shares_convolutions = False
    """See `TrainedPart`."""

    def check(self, generator: Generator) -> None:
        """See `TrainedPart`."""
        split_generator(generator)

    def split(self, generator: Generator, seed: int) -> SplitGenerator:
        """See `TrainedPart`; nothing is drawn."""
        return split_generator(generator)

    def trained(self, generator: Generator) -> Pytree:
        """See `TrainedPart`."""
        if has_adapters(generator):
            raise InputError(
                "the earlier request trained adapters, and this one trains the backbone; do both alike"
            )
        return split_generator(generator).trainable

    def planes(
        self,
        generator: Generator,
        ws: jax.Array,
        noise_mode: NoiseMode,
        *,
        noise: Noise | None,
        compute: Compute,
    ) -> tuple[jax.Array, Mapping[str, jax.Array]]:
        """See `TrainedPart`; there are no terms."""
        return generator.planes(ws, noise_mode, noise=noise, compute=compute), {}

    def work(self, config: GeneratorConfig) -> PlanesWork:
        """See `TrainedPart`; the gradients of features and of weights cost as much as the features, each."""
        operations = flops.backbone(config)
        return PlanesWork(operations, 2 * operations)


BACKBONE = Backbone()
