"""From where and on how many people an unlearned generator is judged."""

import dataclasses
from typing import Self

import jax
import jax.numpy as jnp
import numpy as np

from eg3d_flax import TriPlaneGenerator
from jaxunlearn.models.cameras import conditioning_view, views


@dataclasses.dataclass(frozen=True)
class EvaluationSettings:
    """The protocol of GUIDE's evaluation; the defaults' numbers of people suit the bundled model on a CPU.

    Attributes:
      views: of the forgotten person, evenly over the yaws.
      max_yaw: radians; views go this far to either side.
      pitch: radians of the official sampler, of all views.
      retained_people: random people whose pictures before and after are compared one by one.
      frechet_samples: random people of the Fréchet distances; the retained people are the first of them.
      batch: images rendered and measured at a time.
      seed: of the random people and of the views they are seen from, one each.
      truncation_psi: of the random people; 1 leaves them as they are drawn.
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
                f"frechet_samples ({self.frechet_samples}) must be at least 2 and include the "
                f"retained_people ({self.retained_people}), of whom there must be one"
            )
        if self.views < 1 or self.batch < 1:
            raise ValueError(f"views ({self.views}) and batch ({self.batch}) must be positive")

    @classmethod
    def official(cls) -> Self:
        """GUIDE's `evaluate_id` and `evaluate_fid`: 11 views, 5,000 samples.

        Where the official programs look at the origin, because they ask for a key that the checkpoint lacks,
        this looks at the model's own pivot. Percentiles over retained people are in neither paper.
        """
        return cls(retained_people=256, frechet_samples=5000)

    def person_views(self, generator: TriPlaneGenerator) -> jax.Array:
        """`[views, 25]`, from one side to the other."""
        yaw = np.linspace(-self.max_yaw, self.max_yaw, self.views) if self.views > 1 else np.zeros(1)
        return views(generator.config, yaw, np.full(self.views, self.pitch))

    def random_people(self, generator: TriPlaneGenerator) -> tuple[jax.Array, jax.Array]:
        """Latents `[frechet_samples, L, D]` and the view of each `[frechet_samples, 25]`."""
        of_z, of_yaw = jax.random.split(jax.random.key(self.seed))
        count, config = self.frechet_samples, generator.config
        z = jax.random.normal(of_z, (count, config.z_dim))
        yaw = jax.random.uniform(of_yaw, (count,), minval=-self.max_yaw, maxval=self.max_yaw)
        ws = generator.mapping(z, conditioning_view(config, count), self.truncation_psi)
        return ws, views(config, yaw, jnp.full(count, self.pitch))
