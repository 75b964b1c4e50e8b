"""All that an evaluation needs of the source generator, measured once for any number of runs."""

import dataclasses
from typing import NamedTuple

import jax
import numpy as np
from tqdm import tqdm

from eg3d_flax import Compute, TriPlaneGenerator
from inception_flax import FeatureStatistics, frechet_distance_of_statistics
from jaxunlearn.evaluation.features import Features, descriptions
from jaxunlearn.evaluation.identification import Identification
from jaxunlearn.evaluation.settings import EvaluationSettings
from jaxunlearn.models.batched import Judge
from jaxunlearn.models.renderer import Renderer
from lpips_flax import LPIPS


class People(NamedTuple):
    """Random people as a generator shows them. `K` retained people, `E` size of an embedding."""

    images: np.ndarray
    """`[K, R, R, 3]` in [-1, 1]."""

    embeddings: np.ndarray
    """`[K, E]`; NaN where no face was found."""

    statistics: FeatureStatistics
    """Of the features of all Fréchet samples."""


class RealImages(NamedTuple):
    """What is kept of real images."""

    number: int
    statistics: FeatureStatistics
    distance: float
    """Fréchet distance of the source's samples from them."""


@dataclasses.dataclass(frozen=True, eq=False)
class Reference:
    """The source generator, those who judge, and what they say of the source.

    Attributes:
      settings: the protocol.
      identification: identity network and what it is shown.
      perceptual: LPIPS.
      features: of the Fréchet distances.
      renderer: of the source; its `with_generator` makes one of an unlearned generator.
      views: `[V, 25]`, from where the forgotten person is looked at.
      ws: `[N, L, D]`, random people.
      c: `[N, 25]`, from where each of them is.
      people: as the source shows them.
      real: real images, if there are any.
    """

    settings: EvaluationSettings
    identification: Identification
    perceptual: LPIPS
    features: Features
    renderer: Renderer
    views: jax.Array
    ws: jax.Array
    c: jax.Array
    people: People
    real: RealImages | None

    @property
    def judge(self) -> Judge:
        """The identity network."""
        return self.identification.judge


def measure_source(
    source: TriPlaneGenerator,
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
      judge: identity network, a pytree; best another one than the run was trained against. An
        `Identification` says what it is shown; otherwise that is "fixed".
      perceptual: LPIPS.
      features: of the Fréchet distances, a pytree.
      settings: the protocol; the defaults suit the bundled model.
      real_images: `[M, R, R, 3]` in [-1, 1], at least 2, for ΔFID_real.
      compute: dtype and forms; None takes what is fastest on this platform.
      progress: show a bar.
    """
    settings = settings or EvaluationSettings()
    compute = compute or Compute.for_platform(jax.default_backend())
    renderer = Renderer(source, batch=settings.batch, compute=compute)
    identification = judge if isinstance(judge, Identification) else Identification(judge)
    ws, c = settings.random_people(source)
    people = show_people(
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


def show_people(
    renderer: Renderer,
    ws: jax.Array,
    c: jax.Array,
    identification: Identification,
    features: Features,
    settings: EvaluationSettings,
    *,
    title: str,
    progress: bool,
) -> People:
    """Render random people; only the images of the retained ones are kept."""
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
    return People(
        images,
        identification.embeddings(images, c[: len(images)], settings.batch),
        FeatureStatistics.of(np.concatenate(described)),
    )
