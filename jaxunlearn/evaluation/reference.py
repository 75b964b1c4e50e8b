"""Measure the source generator once, for the evaluation of any number of runs."""

import dataclasses
from typing import NamedTuple

import jax
import numpy as np
from tqdm import tqdm

from eg3d_flax import Compute
from inception_flax import FeatureStatistics, frechet_distance_of_statistics
from jaxunlearn.evaluation.features import Features, descriptions
from jaxunlearn.evaluation.identification import Identification
from jaxunlearn.evaluation.settings import EvaluationSettings
from jaxunlearn.models.batched import Judge
from jaxunlearn.models.generator import Generator
from jaxunlearn.models.renderer import Renderer
from lpips_flax import LPIPS


class RenderedPeople(NamedTuple):
    """Random people as a generator renders them. `K` retained people, `E` size of an embedding."""

    images: np.ndarray
    """`[K, R, R, 3]` in [-1, 1]."""

    embeddings: np.ndarray
    """`[K, E]`; NaN if no face was found."""

    statistics: FeatureStatistics
    """Mean and covariance of the features of all Fréchet samples."""


class RealImages(NamedTuple):
    """Statistics of real images."""

    number: int
    statistics: FeatureStatistics
    distance: float
    """Fréchet distance between them and the source's samples."""


@dataclasses.dataclass(frozen=True, eq=False)
class Reference:
    """The source generator, the networks that measure, and their measurements of the source.

    Attributes:
      settings: the protocol.
      identification: identity network, and what it sees of a picture.
      perceptual: LPIPS.
      features: network of the Fréchet distances.
      renderer: of the source; its `with_generator` returns one for an unlearned generator.
      views: `[V, 25]`, cameras that look at the forgotten person.
      ws: `[N, L, D]`, random people.
      c: `[N, 25]`, the camera of each of them.
      people: as the source renders them.
      real: statistics of real images, if there are any.
    """

    settings: EvaluationSettings
    identification: Identification
    perceptual: LPIPS
    features: Features
    renderer: Renderer
    views: jax.Array
    ws: jax.Array
    c: jax.Array
    people: RenderedPeople
    real: RealImages | None

    @property
    def judge(self) -> Judge:
        """The identity network."""
        return self.identification.judge


def measure_source(
    source: Generator,
    judge: Judge | Identification,
    perceptual: LPIPS,
    features: Features,
    settings: EvaluationSettings | None = None,
    *,
    real_images: np.ndarray | None = None,
    compute: Compute | None = None,
    progress: bool = True,
) -> Reference:
    """Measure the source generator.

    Args:
      source: before unlearning.
      judge: identity network, a pytree; preferably not the one of the loss. A network alone sees pictures as
        "fixed"; an `Identification` can choose otherwise.
      perceptual: LPIPS.
      features: network of the Fréchet distances, a pytree.
      settings: the protocol; the defaults suit the bundled model.
      real_images: `[M, R, R, 3]` in [-1, 1], at least 2, for ΔFID_real.
      compute: dtype and forms; None uses what is fastest on this platform.
      progress: True shows a progress bar.
    """
    settings = settings or EvaluationSettings()
    compute = compute or Compute.for_platform(jax.default_backend())
    renderer = Renderer(source, batch=settings.batch, compute=compute)
    identification = judge if isinstance(judge, Identification) else Identification(judge)
    ws, c = settings.random_people(source)
    people = render_people(
        renderer, ws, c, identification, features, settings, title="people before", progress=progress
    )
    real = None
    if real_images is not None:
        statistics = FeatureStatistics.of(descriptions(features, real_images, settings.batch))
        distance = frechet_distance_of_statistics(people.statistics, statistics)
        real = RealImages(len(real_images), statistics, distance)
    return Reference(
        settings=settings,
        identification=identification,
        perceptual=perceptual,
        features=features,
        renderer=renderer,
        views=settings.person_views(source),
        ws=ws,
        c=c,
        people=people,
        real=real,
    )


def render_people(
    renderer: Renderer,
    ws: jax.Array,
    c: jax.Array,
    identification: Identification,
    features: Features,
    settings: EvaluationSettings,
    *,
    title: str,
    progress: bool,
) -> RenderedPeople:
    """Render random people; only the images of the retained people are kept.

    Args:
      renderer: of the generator.
      ws: `[N, L, D]`, the people; the first `settings.retained_people` are retained.
      c: `[N, 25]`, the camera of each person.
      identification: identity network, and what it sees.
      features: network of the Fréchet distance.
      settings: the protocol.
      title: of the progress bar.
      progress: True shows the progress bar.
    """
    kept, described = [], []
    missing = settings.retained_people
    with tqdm(total=len(ws), desc=title, unit="image", disable=not progress) as bar:
        for out in renderer.batches(ws, c):
            images = np.clip(out.image, -1, 1)
            described.append(descriptions(features, images, settings.batch))
            kept.append(images[:missing])
            missing -= len(kept[-1])
            bar.update(len(images))
    images = np.concatenate(kept)
    return RenderedPeople(
        images,
        identification.embeddings(images, c[: len(images)], settings.batch),
        FeatureStatistics.of(np.concatenate(described)),
    )
