"""What LEGATO trains, and SUGAR if it is asked to: adapters, which are added to the generator."""

import dataclasses
import itertools
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from eg3d_flax import Compute, GeneratorConfig, TriPlaneGenerator
from eg3d_flax.synthesis import Noise, NoiseMode
from jaxunlearn.errors import InputError
from jaxunlearn.limits import LARGEST_STRENGTH
from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.methods.trained_part import PlanesWork
from jaxunlearn.models import flops
from jaxunlearn.models.generator import Generator, SplitGenerator, initialised, split_generator
from legato_flax import AdaptedGenerator, Adapters, AdaptersConfig, euler_steps
from legato_flax.config import MOST_STEPS

Pytree = Any

TRAJECTORY = "trajectory"
"""Term of the loss: mean squared increment of the features in an Euler step, over all steps."""
LAST_INCREMENT = "last_increment"
"""Term of the loss: mean squared increment in the last step alone."""


@dataclasses.dataclass(frozen=True)
class AdaptersPart:
    """The adapters of all blocks; see `TrainedPart`.

    Attributes:
      config: sizes and times.
      watched: block whose adapter's increments are terms of the loss; None measures none.
    """

    config: AdaptersConfig
    watched: str | None = None

    shares_convolutions = True
    """The backbone is the source's in all copies."""

    def check(self, generator: Generator) -> None:
        """See `TrainedPart`; adapters come after the convolutions of EG3D's blocks."""
        if not isinstance(generator, TriPlaneGenerator):
            raise InputError(
                f"{type(generator).__name__} takes no adapters; only an eg3d_flax.TriPlaneGenerator does: "
                "choose a method that trains the backbone"
            )

    def split(self, generator: Generator, seed: int) -> SplitGenerator:
        """Add adapters, and take the generator apart; those of an adapted generator come first and stay."""
        assert isinstance(generator, TriPlaneGenerator)
        adapters = initialised(lambda: Adapters(self.config, rngs=nnx.Rngs(seed)))
        graphdef, trainable, fixed = nnx.split(AdaptedGenerator(generator, adapters), _is_adapters, ...)
        return SplitGenerator(graphdef, trainable, fixed, source=nnx.split(generator)[0])

    def trained(self, generator: Generator) -> Pytree:
        """See `TrainedPart`: the last adapters, by the names that they have in the generator."""
        if not isinstance(generator, AdaptedGenerator) or generator.adapters.config != self.config:
            raise InputError(
                "the earlier request trained no adapters of this config.adapters; do both requests alike"
            )
        return split_generator(generator, _is_adapters).trainable

    def planes(
        self,
        generator: Generator,
        ws: jax.Array,
        noise_mode: NoiseMode,
        *,
        noise: Noise | None,
        compute: Compute,
    ) -> tuple[jax.Array, Mapping[str, jax.Array]]:
        """Compute planes, and the increments of the watched block's features (LEGATO's trajectory term)."""
        if self.watched is None:
            return generator.planes(ws, noise_mode, noise=noise, compute=compute), {}
        assert isinstance(generator, AdaptedGenerator)
        planes, states = generator.planes_and_states(
            ws, noise_mode, block=self.watched, noise=noise, compute=compute
        )
        increments = jnp.stack([_mean_square(b - a) for a, b in itertools.pairwise(states)])
        return planes, {TRAJECTORY: increments.mean(axis=0), LAST_INCREMENT: increments[-1]}

    def work(self, config: GeneratorConfig) -> PlanesWork:
        """Count the operations; the backbone's weights need no gradient, those of adapters do."""
        steps = len(euler_steps(self.config.end, self.config.step))
        adapters = steps * sum(
            2 * flops.convolution(int(block[1:]), 1, self.config.blocks[block], self.config.hidden)
            for block in self.config.applied
        )
        backbone = flops.backbone(config)
        return PlanesWork(backbone + adapters, backbone + 2 * adapters)


def adapters_of(asked: ConfigDict, model: GeneratorConfig) -> AdaptersConfig:
    """Return sizes and times of the adapters that `config.adapters` asks for."""
    return AdaptersConfig.for_generator(
        model, hidden=asked.hidden, end=asked.end, step=asked.step, first=asked.first
    )


def check_times(asked: ConfigDict) -> None:
    """Refuse times of `config.adapters` that make too many Euler steps at the largest strength of the page.

    Raises:
      InputError: with the names of the settings.
    """
    if LARGEST_STRENGTH * asked.end > MOST_STEPS * asked.step:
        raise InputError(
            f"config.adapters.end ({asked.end:g}) takes more than {MOST_STEPS} steps of config.adapters.step "
            f"({asked.step:g}) at strength {LARGEST_STRENGTH}, which a run's page shows; make step longer"
        )


def _is_adapters(path: tuple, value: Any) -> bool:
    """Return True for the variables of the outermost adapters, which are trained."""
    return path[0] == "adapters"


def _mean_square(x: jax.Array) -> jax.Array:
    """Return the mean of each image's squared features `[B, H, W, C]`, `[B]` float32."""
    return jnp.mean(jnp.square(x.astype(jnp.float32)), axis=(1, 2, 3))
