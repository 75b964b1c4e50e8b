"""What an attack is given, and what it returns."""

import dataclasses
import types
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import numpy as np

from jaxunlearn.errors import InputError
from jaxunlearn.evaluation.embedded_views import EmbeddedViews
from jaxunlearn.evaluation.judges.answers import number
from jaxunlearn.evaluation.reference import Reference
from jaxunlearn.models.generator import Generator
from jaxunlearn.models.loading import Models


@dataclasses.dataclass(frozen=True, eq=False)
class Attacked:
    """A person, and the generator that was made to forget them.

    Attributes:
      models: of the run; its generator is the source, which an attacker may not have.
      reference: the measured source, with the judges.
      unlearned: the generator after unlearning, which the attacker has.
      ws: `[L, D]`, the person's latent.
      photos: `[M, R, R, 3]` in [-1, 1], photos of the person; the attacker has the first. The others are for
        measuring.
      strangers_ws: `[K, L, D]`, other people who were not forgotten, as controls. Most attacks use the first.
      strangers_photos: `[K, R, R, 3]` in [-1, 1], a photo of each of them.
      seed: of what the attacker draws; the reference has drawn the strangers.
      everybody: `[N, L, D]`, all people whom this generator forgot; the person is one of them.

    Raises:
      InputError: if photos or latents do not fit the generator, are missing, or a stranger has no photo.
    """

    models: Models
    reference: Reference
    unlearned: Generator
    ws: jax.Array
    photos: np.ndarray
    strangers_ws: jax.Array
    strangers_photos: np.ndarray
    seed: int
    everybody: jax.Array

    def __post_init__(self) -> None:
        config = self.unlearned.config
        side, latent = config.img_resolution, (config.num_ws, config.w_dim)
        if np.shape(self.ws) != latent:
            raise InputError(f"ws has shape {list(np.shape(self.ws))}; give a latent {list(latent)}")
        photo = (side, side, 3)
        for name, each in {"photos": photo, "strangers_photos": photo, "strangers_ws": latent}.items():
            shape = np.shape(getattr(self, name))
            if shape[1:] != each or not shape[0]:
                wanted = ", ".join(map(str, each))
                raise InputError(f"{name} has shape {list(shape)}; give at least one as [N, {wanted}]")
        strangers, photos = len(self.strangers_ws), len(self.strangers_photos)
        if strangers != photos:
            raise InputError(
                f"there are {strangers} strangers_ws, but {photos} strangers_photos; give one photo of each"
            )

    @property
    def stranger_ws(self) -> jax.Array:
        """`[L, D]`, the first stranger."""
        return self.strangers_ws[0]

    @property
    def stranger_photo(self) -> np.ndarray:
        """`[R, R, 3]` in [-1, 1], a photo of the first stranger."""
        return self.strangers_photos[0]

    def embed_views(self, generator: Generator | None, ws: jax.Array) -> EmbeddedViews:
        """Show latents to all judges from the protocol's views.

        Args:
          generator: of the same config as the source; None is the source.
          ws: `[N, L, D]`.
        """
        renderer = self.reference.renderer
        if generator is not None:
            renderer = renderer.with_generator(generator)
        return self.reference.embed_views(renderer, ws)

    def compared(self, a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> dict[str, list[dict[str, Any]]]:
        """Compare people by all judges.

        Args:
          a: name of a judge → `[N, V, E]`, as `embed_views` returns them.
          b: as `a`; N broadcasts.

        Returns:
          Name of a judge → for each pair `similarity`, `accepted` (True if it counts as one person) and
          `stranger_rank` (share of pairs of strangers that are at least as alike).
        """
        return {
            judge.name: [
                {
                    "similarity": number(value),
                    "accepted": judge.accepts(value),
                    "stranger_rank": judge.rank(value),
                }
                for value in judge.similarity(a[judge.name], b[judge.name])
            ]
            for judge in self.reference.judges
        }


class Found(NamedTuple):
    """What an attack found.

    Attributes:
      figures: ready for JSON, with counts and controls.
      pictures: label of a picture → `[R, R, 3]` in [-1, 1], for people to look at.
      drawings: name → SVG.
    """

    figures: dict[str, Any]
    pictures: dict[str, np.ndarray]
    drawings: Mapping[str, str] = types.MappingProxyType({})
