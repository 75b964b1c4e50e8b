"""Settings of the evaluation: the cameras, and the number of people."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, Self

import jax
import jax.numpy as jnp
import numpy as np

from eg3d_flax import GeneratorConfig
from jaxunlearn.limits import MAX_YAW, PITCH
from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.models.cameras import conditioning_view, random_views, views
from jaxunlearn.models.generator import Generator


class RandomPeople(NamedTuple):
    """People drawn at random, each with one view. `N` people."""

    z: jax.Array
    """`[N, Z]`."""

    ws: jax.Array
    """`[N, L, D]`."""

    c: jax.Array
    """`[N, 25]`."""


@dataclasses.dataclass(frozen=True)
class EvaluationSettings:
    """The protocol of GUIDE's evaluation; the default numbers of people suit the bundled model on a CPU.

    Attributes:
      views: number of views of the forgotten person, spread evenly over the yaws.
      max_yaw: largest yaw to either side, in radians.
      pitch: of all views, in radians of the official sampler.
      wide_yaw: yaw of the two wide views, in radians; training does not look from there.
      truncations: the forgotten person is also looked for at these psi between the mean and themselves.
      retained_people: number of random people whose pictures before and after are compared one by one.
      frechet_samples: number of random people for the Fréchet distances; the first are the retained people.
      near_radii: people at these distances from a forgotten person are compared, too; in median radii.
      near_direction: where they lie from that person: towards the random people ("people"), or anywhere
        ("random"). Most directions hardly change a face, so that with "random" almost everybody one radius
        away is the forgotten person themselves.
      strangers: people among whom each judge's threshold is found; 0 uses the threshold of the network.
      batch: images rendered and measured at a time.
      seed: of the random people and of their views; each person has one view.
      truncation_psi: of the random people; 1 means no truncation.
      pivot: the point that all cameras look at, and that people are mapped for: "model", or "origin" as in
        the official programs, which ask for a key that the checkpoint lacks.
      fid_pixels: images of the Fréchet distances: as rendered, or rounded to 8 bits as in the official
        programs.
      retain_random: absolute distance of the Random retaining set from the forgotten people; 0: no such set.
    """

    views: int = 11
    max_yaw: float = math.radians(MAX_YAW)
    pitch: float = PITCH
    wide_yaw: float = np.pi / 4
    truncations: tuple[float, ...] = (0.5, 0.7, 1.3)
    retained_people: int = 64
    frechet_samples: int = 256
    near_radii: tuple[float, ...] = (1.0,)
    near_direction: Literal["people", "random"] = "people"
    strangers: int = 64
    batch: int = 16
    seed: int = 0
    truncation_psi: float = 1.0
    pivot: Literal["model", "origin"] = "model"
    fid_pixels: Literal["float", "uint8"] = "float"
    retain_random: float = 0.0

    def __post_init__(self) -> None:
        if not 2 <= self.frechet_samples >= self.retained_people >= 1:
            raise ValueError(
                f"frechet_samples ({self.frechet_samples}) must be at least 2 and at least retained_people "
                f"({self.retained_people}), which must be at least 1"
            )
        if self.views < 1 or self.batch < 1:
            raise ValueError(f"views ({self.views}) and batch ({self.batch}) must be at least 1")
        if self.strangers < 0 or self.strangers == 1:
            raise ValueError(f"strangers ({self.strangers}) must be 0 or at least 2")

    @classmethod
    def of(cls, config: ConfigDict, **others: Any) -> Self:
        """Return the settings that a section of a config has, such as `config.evaluation`.

        Args:
          config: the section; what it lacks has its default.
          **others: settings with other values than the config's.
        """
        names = [field.name for field in dataclasses.fields(cls) if field.name in config]
        return cls(**{name: config[name] for name in names} | others)

    @classmethod
    def official(cls) -> Self:
        """Return the settings of GUIDE's `evaluate_id` and `evaluate_fid`: 11 views, 5,000 samples, 8 bits.

        Percentiles over retained people are in neither paper.
        """
        return cls(retained_people=256, frechet_samples=5000, pivot="origin", fid_pixels="uint8")

    def to_json(self) -> dict[str, Any]:
        """Return the settings as figures and folders keep them."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in dataclasses.asdict(self).items()
        }

    def cameras(self, generator: Generator) -> GeneratorConfig:
        """Return a generator's config with the pivot of these settings."""
        config = generator.config
        if self.pivot == "model":
            return config
        return dataclasses.replace(config, avg_camera_pivot=(0.0, 0.0, 0.0))

    def person_views(self, generator: Generator) -> jax.Array:
        """Return the cameras of the forgotten person, `[views, 25]`, from one side to the other."""
        yaw = np.linspace(-self.max_yaw, self.max_yaw, self.views) if self.views > 1 else np.zeros(1)
        return views(self.cameras(generator), yaw, np.full(self.views, self.pitch))

    def wide_views(self, generator: Generator) -> jax.Array:
        """Return the two cameras `[2, 25]` far to the left and to the right."""
        return views(
            self.cameras(generator), np.array([-self.wide_yaw, self.wide_yaw]), np.full(2, self.pitch)
        )

    def random_people(self, generator: Generator, *, apart: bool = False) -> RandomPeople:
        """Return `frechet_samples` people, each with a view.

        Args:
          generator: maps them.
          apart: True draws other people and views, for choices that must not spoil the figures of the first.
        """
        key = jax.random.key(self.seed)
        z_key, yaw_key = jax.random.split(jax.random.fold_in(key, 2) if apart else key)
        count, config = self.frechet_samples, self.cameras(generator)
        z = jax.random.normal(z_key, (count, config.z_dim))
        ws = generator.mapping(z, conditioning_view(config, count), self.truncation_psi)
        return RandomPeople(z, ws, random_views(config, yaw_key, count, self.max_yaw, self.pitch))

    def near_people(self, ws: jax.Array, random_ws: jax.Array, distance: float) -> jax.Array:
        """Return the latents `[retained_people, L, D]` of people near the forgotten ones, spread over them.

        Args:
          ws: `[N, L, D]`, the forgotten people; near person k is near number k modulo N.
          random_ws: `[>= retained_people, L, D]`, the random people; near person k lies towards number k.
          distance: between a near and a forgotten person.
        """
        count = self.retained_people
        forgotten = ws[jnp.arange(count) % len(ws)]
        if self.near_direction == "people":
            direction = random_ws[:count] - forgotten
        else:
            one_row = jax.random.normal(jax.random.key(self.seed), (count, 1, ws.shape[-1]))
            direction = jnp.broadcast_to(one_row, forgotten.shape)
        return forgotten + distance * direction / jnp.linalg.norm(direction, axis=(1, 2), keepdims=True)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Return the settings in the entry `settings` of a `summary.json`."""
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in stored.items()
        }
        return cls(**values)

    def random_strangers(self, generator: Generator) -> jax.Array:
        """Return the latents `[strangers, L, D]` of people that are not among the random people."""
        key = jax.random.fold_in(jax.random.key(self.seed), 1)
        config = self.cameras(generator)
        z = jax.random.normal(key, (self.strangers, config.z_dim))
        return generator.mapping(z, conditioning_view(config, self.strangers), self.truncation_psi)
