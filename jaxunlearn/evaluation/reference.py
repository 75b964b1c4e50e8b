"""Measure the source generator once, for the evaluation of any number of runs."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import jax
import numpy as np
from tqdm import tqdm

from eg3d_flax import Compute
from inception_flax import FeatureStatistics, frechet_distance_of_statistics
from jaxunlearn.evaluation.embedded_views import EmbeddedViews, embed_each, embed_from_all, embeddings_of
from jaxunlearn.evaluation.features import Features, OnEightBits, descriptions
from jaxunlearn.evaluation.judges import CalibratedJudge, Judge
from jaxunlearn.evaluation.judges.calibration import calibrate
from jaxunlearn.evaluation.real_images import RealStatistics
from jaxunlearn.evaluation.settings import EvaluationSettings, RandomPeople
from jaxunlearn.models.cameras import conditioning_view
from jaxunlearn.models.generator import Generator
from jaxunlearn.models.loading import median_radius
from jaxunlearn.models.renderer import Renderer, default_compute
from lpips_flax import LPIPS


class RenderedPeople(NamedTuple):
    """Random people as a generator renders them. `K` retained people, `E` size of an embedding."""

    images: np.ndarray
    """`[K, R, R, 3]` in [-1, 1]."""

    embeddings: dict[str, np.ndarray]
    """Name of a judge → `[K, 1, E]`, from one view; NaN if no face was found."""

    statistics: FeatureStatistics
    """Mean and covariance of the features of all Fréchet samples."""

    features: np.ndarray
    """`[N, F]`, the features of all Fréchet samples."""


class RealImages(NamedTuple):
    """Statistics of real images."""

    number: int | None
    """None if it is not known."""

    statistics: FeatureStatistics
    distance: float
    """Fréchet distance between them and the source's samples."""

    sha256: str = ""
    """The first 16 digits of the SHA-256 of mean and covariance."""


@dataclasses.dataclass(frozen=True, eq=False)
class Reference:
    """The source generator, the networks that measure, and their measurements of the source.

    Attributes:
      settings: the protocol.
      judges: who tells people apart, with thresholds of this generator; the first is the main judge.
      perceptual: LPIPS.
      features: network of the Fréchet distances.
      renderer: of the source; its `with_generator` returns one for an unlearned generator.
      mean: the mean latent, `[D]` or `[L, D]`.
      median_radius: the unit of distances between latents.
      views: `[V, 25]`, cameras that look at the forgotten person.
      wide_views: `[2, 25]`, the same from far to the sides.
      random: random people.
      people: those of them that are retained, as the source renders them.
      real: statistics of real images, if there are any.
      groups: name of a group → `[K]`, True for the retained people in it; empty if nothing is known of them.
      retaining: `[M, L, D]`, a given retaining set, see `evaluation.retaining_sets`; None if there is none.
    """

    settings: EvaluationSettings
    judges: tuple[CalibratedJudge, ...]
    perceptual: LPIPS
    features: Features
    renderer: Renderer
    mean: jax.Array
    median_radius: float
    views: jax.Array
    wide_views: jax.Array
    random: RandomPeople
    people: RenderedPeople
    real: RealImages | None
    groups: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)
    retaining: jax.Array | None = None

    @property
    def judge(self) -> CalibratedJudge:
        """The main judge."""
        return self.judges[0]

    def embed_views(self, renderer: Renderer, ws: jax.Array, views: jax.Array | None = None) -> EmbeddedViews:
        """Show latents to all judges.

        Args:
          renderer: the reference's own, or what its `with_generator` returns.
          ws: `[N, L, D]`, N at least 1.
          views: `[V, 25]`, from which all are seen; None takes those of the protocol.
        """
        views = self.views if views is None else views
        return embed_from_all(renderer, self.judges, ws, views, self.settings.batch)

    def embed_frontal(self, renderer: Renderer, ws: jax.Array) -> EmbeddedViews:
        """Show latents `[N, L, D]` to all judges as `embed_views` does, from the front alone; V = 1."""
        return embed_each(
            renderer, self.judges, ws, conditioning_view(renderer.config, len(ws)), self.settings.batch
        )


def measure_source(
    source: Generator,
    judges: Judge | Sequence[Judge | CalibratedJudge],
    perceptual: LPIPS,
    features: Features,
    settings: EvaluationSettings | None = None,
    *,
    mean: jax.Array | None = None,
    radius: float | None = None,
    real: RealStatistics | None = None,
    compute: Compute | None = None,
    progress: bool = True,
) -> Reference:
    """Measure the source generator.

    Args:
      source: before unlearning.
      judges: who tells people apart; none of them should be the network of the loss. Those without
        thresholds of this generator get them from `settings.strangers` people.
      perceptual: LPIPS.
      features: network of the Fréchet distances, a pytree.
      settings: the protocol; the defaults suit the bundled model.
      mean: the mean latent; None uses the generator's.
      radius: the median radius; None uses that of the random people.
      real: statistics of real images for ΔFID_real, see `evaluation.real_images`.
      compute: dtype and forms; None takes `renderer.default_compute`.
      progress: True shows a progress bar.

    Raises:
      InputError: if a judge finds no face among the strangers.
    """
    settings = settings or EvaluationSettings()
    renderer = Renderer(source, batch=settings.batch, compute=compute or default_compute())
    if settings.fid_pixels == "uint8":
        features = OnEightBits(features)
    mean = source.w_avg if mean is None else mean
    random = settings.random_people(source)
    all_judges = judges if isinstance(judges, Sequence) else [judges]
    calibrated = calibrated_judges(all_judges, source, renderer, settings, progress=progress)
    people = render_people(
        renderer, random, calibrated, features, settings, title="people before", progress=progress
    )
    return Reference(
        settings=settings,
        judges=calibrated,
        perceptual=perceptual,
        features=features,
        renderer=renderer,
        mean=mean,
        median_radius=float(median_radius(random.ws, mean)) if radius is None else radius,
        views=settings.person_views(source),
        wide_views=settings.wide_views(source),
        random=random,
        people=people,
        real=None if real is None else compared_with_real(people, real),
    )


def compared_with_real(people: RenderedPeople, real: RealStatistics) -> RealImages:
    """Return real images with their distance from the source's samples."""
    statistics = real.statistics
    distance = frechet_distance_of_statistics(people.statistics, statistics)
    return RealImages(real.number, statistics, distance, real.sha256)


def calibrated_judges(
    judges: Sequence[Judge | CalibratedJudge],
    source: Generator,
    renderer: Renderer,
    settings: EvaluationSettings,
    *,
    progress: bool = True,
) -> tuple[CalibratedJudge, ...]:
    """Return judges with thresholds of this generator, in the same order.

    Args:
      judges: those that are calibrated already stay as they are.
      source: before unlearning.
      renderer: of the source.
      settings: the protocol; with 0 strangers the networks' own thresholds are used.
      progress: True shows a progress bar.

    Raises:
      InputError: if a judge finds no face among the strangers.
    """
    missing = [judge for judge in judges if not isinstance(judge, CalibratedJudge)]
    made = iter([CalibratedJudge(judge) for judge in missing])
    if missing and settings.strangers:
        made = iter(
            calibrate(
                missing,
                renderer,
                settings.random_strangers(source),
                {"views": settings.person_views(source), "wide": settings.wide_views(source)},
                batch=settings.batch,
                progress=progress,
            )
        )
    return tuple(judge if isinstance(judge, CalibratedJudge) else next(made) for judge in judges)


def render_people(
    renderer: Renderer,
    random: RandomPeople,
    judges: Sequence[CalibratedJudge],
    features: Features,
    settings: EvaluationSettings,
    *,
    title: str,
    progress: bool,
) -> RenderedPeople:
    """Render random people; only the images of the retained people are kept.

    Args:
      renderer: of the generator.
      random: the people; the first `settings.retained_people` are retained.
      judges: who sees the retained people.
      features: network of the Fréchet distance.
      settings: the protocol.
      title: of the progress bar.
      progress: True shows the progress bar.
    """
    kept, described = [], []
    missing = settings.retained_people
    with tqdm(total=len(random.ws), desc=title, unit="image", disable=not progress) as bar:
        for out in renderer.batches(random.ws, random.c):
            images = np.clip(out.image, -1, 1)
            described.append(descriptions(features, images, settings.batch))
            kept.append(images[:missing])
            missing -= len(kept[-1])
            bar.update(len(images))
    images = np.concatenate(kept)
    embeddings = embeddings_of(judges, images, random.c[: len(images)], settings.batch)
    features_of_all = np.concatenate(described)
    return RenderedPeople(images, embeddings, FeatureStatistics.of(features_of_all), features_of_all)
