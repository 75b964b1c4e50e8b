"""Settings of the evaluation: the cameras, and the number of people."""

import dataclasses
from typing import Self

import jax
import jax.numpy as jnp
import numpy as np

from jaxunlearn.models.cameras import conditioning_view, views
from jaxunlearn.models.generator import Generator


@dataclasses.dataclass(frozen=True)
class EvaluationSettings:
    """The protocol of GUIDE's evaluation; the default numbers of people suit the bundled model on a CPU.

    Attributes:
      views: number of views of the forgotten person, spread evenly over the yaws.
      max_yaw: largest yaw to either side, in radians.
      pitch: of all views, in radians of the official sampler.
      retained_people: number of random people whose pictures before and after are compared one by one.
      frechet_samples: number of random people for the Fréchet distances; the first are the retained people.
      batch: images rendered and measured at a time.
      seed: of the random people and of their views; each person has one view.
      truncation_psi: of the random people; 1 means no truncation.
    """

    views: int = 11
    max_yaw: float = np.pi / 12
    pitch: float = -0.2
    retained_people: int = 64
    frechet_samples: int = 256
    batch: int = 16
    seed: int = 0
    truncation_psi: float = 1.0

    def __post_init__(self) -> None:
        if not 2 <= self.frechet_samples >= self.retained_people >= 1:
            raise ValueError(
                f"frechet_samples ({self.frechet_samples}) must be at least 2 and at least retained_people "
                f"({self.retained_people}), which must be at least 1"
            )
        if self.views < 1 or self.batch < 1:
            raise ValueError(f"views ({self.views}) and batch ({self.batch}) must be at least 1")

    @classmethod
    def official(cls) -> Self:
        """Return the settings of GUIDE's `evaluate_id` and `evaluate_fid`: 11 views, 5,000 samples.

        The official programs look at the origin, since they ask for a key that the checkpoint lacks. This
        protocol looks at the model's own pivot. Percentiles over retained people are in neither paper.
        """
        return cls(retained_people=256, frechet_samples=5000)

    def person_views(self, generator: Generator) -> jax.Array:
        """Return the cameras of the forgotten person, `[views, 25]`, from one side to the other."""
        yaw = np.linspace(-self.max_yaw, self.max_yaw, self.views) if self.views > 1 else np.zeros(1)
        return views(generator.config, yaw, np.full(self.views, self.pitch))

    def random_z(self, generator: Generator) -> jax.Array:
        """Return the z of the random people, `[frechet_samples, z_dim]`; the retained people are first."""
        key_z, _ = jax.random.split(jax.random.key(self.seed))
        return jax.random.normal(key_z, (self.frechet_samples, generator.config.z_dim))

    def random_people(self, generator: Generator) -> tuple[jax.Array, jax.Array]:
        """Return latents `[frechet_samples, L, D]` and the camera of each, `[frechet_samples, 25]`."""
        _, key_yaw = jax.random.split(jax.random.key(self.seed))
        count, config = self.frechet_samples, generator.config
        z = self.random_z(generator)
        yaw = jax.random.uniform(key_yaw, (count,), minval=-self.max_yaw, maxval=self.max_yaw)
        ws = generator.mapping(z, conditioning_view(config, count), self.truncation_psi)
        return ws, views(config, yaw, jnp.full(count, self.pitch))
