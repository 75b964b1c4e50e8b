"""Measure what baking lost: the adapted and the baked generator's pictures of the same latents, compared.

`N` forgotten people, `V` views of each, `K` random people, `L` rows of ws, `D` w_dim.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypedDict

import jax.numpy as jnp
import numpy as np

from inception_flax import frechet_distance_of_statistics
from jaxunlearn.baking.settings import compute as compute_of
from jaxunlearn.evaluation.embedded_views import EmbeddedViews, embed_from_all
from jaxunlearn.evaluation.features import Features
from jaxunlearn.evaluation.judges import CalibratedJudge
from jaxunlearn.evaluation.judges.answers import mean, number
from jaxunlearn.evaluation.judges.choice import judges_of
from jaxunlearn.evaluation.reference import RenderedPeople, render_people
from jaxunlearn.evaluation.settings import EvaluationSettings
from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.models.adapters import layers_of
from jaxunlearn.models.batched import perceptual_distances
from jaxunlearn.models.generator import Generator
from jaxunlearn.models.loading import Models
from jaxunlearn.models.renderer import Renderer
from jaxunlearn.process.jax_settings import pinned_settings

BAR = 0.02
"""Greatest difference of the main judge's similarity before and after, adapted and baked, that is no loss."""


class Comparison(TypedDict):
    """A figure of pairs of pictures.

    Attributes:
      mean: over the pairs; None without any.
      worst: lowest similarity or highest LPIPS; None without any.
      n: number of pairs; a similarity is of those with a face on both sides.
    """

    mean: float | None
    worst: float | None
    n: int


class ComparedPictures(TypedDict):
    """How far the pictures of two generators differ.

    Attributes:
      similarity: name of a judge → similarity of the pairs.
      lpips: LPIPS of the pairs.
    """

    similarity: dict[str, Comparison]
    lpips: Comparison


class JudgedPerson(TypedDict):
    """Similarities of a forgotten person before and after, to one judge; None without a face.

    Attributes:
      adapted: with the adapters.
      baked: in the baked generator.
      difference: between the two.
    """

    adapted: float | None
    baked: float | None
    difference: float | None


class BakedPerson(TypedDict):
    """A forgotten person.

    Attributes:
      subject: their name.
      judges: name of a judge → its similarities.
      pictures: of the adapted against the baked generator, from all views.
      within_bar: True if the main judge's difference is at most `BAR`; None without a face.
    """

    subject: str
    judges: dict[str, JudgedPerson]
    pictures: ComparedPictures
    within_bar: bool | None


class AgainstAdapted(TypedDict):
    """Random people in a generator, compared with the adapted one.

    Attributes:
      pictures: of them.
      frechet: distance between the samples of the two generators.
    """

    pictures: ComparedPictures
    frechet: float


class RandomPeopleLoss(AgainstAdapted):
    """Random people in the baked generator.

    Attributes:
      frechet_samples: number of samples on either side of `frechet`.
    """

    frechet_samples: int


class LossFigures(TypedDict):
    """What baking lost.

    Attributes:
      bar: `BAR`.
      people: each forgotten person.
      random: random people in the baked generator.
      unbaked: the same people in the source, which tells what the adapters do in the first place.
      networks: of `networks_of`.
      settings: `config.measuring`.
    """

    bar: float
    people: list[BakedPerson]
    random: RandomPeopleLoss
    unbaked: AgainstAdapted
    networks: dict[str, Any]
    settings: dict[str, Any]


class _Sides(NamedTuple):
    """The same people in the plain generator before, with adapters, and baked."""

    before: Any
    adapted: Any
    baked: Any


@pinned_settings()
def measure_loss(
    models: Models,
    adapted: Generator,
    baked: Generator,
    subjects: Sequence[str],
    ws: np.ndarray,
    config: ConfigDict,
    features: Features,
    *,
    progress: bool = True,
) -> LossFigures:
    """Compare the pictures of the baked generator with those of the adapted one.

    Args:
      models: the judges and LPIPS.
      adapted: the generator with adapters.
      baked: the plain generator that learned from it.
      subjects: a label for each forgotten person.
      ws: `[N, L, D]`, their latents.
      config: `config.measuring` and `config.rendering` are used.
      features: network of the Fréchet distance.
      progress: True shows progress bars.
    """
    source, _ = layers_of(adapted)
    judges = [CalibratedJudge(judge) for judge in judges_of(models, config.measuring.align)]
    renderer = Renderer(source, batch=config.measuring.batch, compute=compute_of(config))
    renderers = _Sides(renderer, renderer.with_generator(adapted), renderer.with_generator(baked))
    people = _people(source, renderers, judges, ws, config)
    random = _random(source, renderers, judges, config, features, progress=progress)

    def pictures(a: EmbeddedViews, b: EmbeddedViews) -> ComparedPictures:
        return compared_pictures(models, judges, a, b, config.measuring.batch)

    def against_adapted(side: RenderedPeople) -> AgainstAdapted:
        distance = frechet_distance_of_statistics(random.adapted.statistics, side.statistics)
        return {"pictures": pictures(_each(random.adapted), _each(side)), "frechet": float(distance)}

    frechet_samples = config.measuring.frechet_samples
    return {
        "bar": BAR,
        "people": [_person(judges, people, k, subject, pictures) for k, subject in enumerate(subjects)],
        "random": {**against_adapted(random.baked), "frechet_samples": frechet_samples},
        "unbaked": against_adapted(random.before),
        "networks": networks_of(models, features),
        "settings": config.measuring.to_dict(),
    }


def _people(
    source: Generator,
    renderers: _Sides,
    judges: Sequence[CalibratedJudge],
    ws: np.ndarray,
    config: ConfigDict,
) -> _Sides:
    """Look at the forgotten people `[N, L, D]` from all views in each generator."""
    views, batch = _protocol(config).person_views(source), config.measuring.batch
    return _Sides(*(embed_from_all(each, judges, jnp.asarray(ws), views, batch) for each in renderers))


def _random(
    source: Generator,
    renderers: _Sides,
    judges: Sequence[CalibratedJudge],
    config: ConfigDict,
    features: Features,
    *,
    progress: bool,
) -> _Sides:
    """Render random people in each generator."""
    settings = _protocol(config)
    people = settings.random_people(source)
    sides = zip(renderers, ("people before", "people adapted", "people baked"), strict=True)
    return _Sides(
        *(
            render_people(each, people, judges, features, settings, title=title, progress=progress)
            for each, title in sides
        )
    )


def _protocol(config: ConfigDict) -> EvaluationSettings:
    """Return the cameras and the numbers of people."""
    return EvaluationSettings.of(config.measuring, retained_people=config.measuring.people, strangers=0)


def networks_of(models: Models, features: Features) -> dict[str, Any]:
    """Return the names of the networks that measure."""
    return {
        "judges": [network.name for network in models.judges],
        "perceptual": f"lpips-{models.perceptual.net}",
        "frechet": features.name,
    }


def _each(people: RenderedPeople) -> EmbeddedViews:
    """Return retained people, each from one view."""
    return EmbeddedViews(people.images[:, None], people.embeddings)


def compared_pictures(
    models: Models, judges: Sequence[CalibratedJudge], a: EmbeddedViews, b: EmbeddedViews, batch: int
) -> ComparedPictures:
    """Compare the pictures of two generators one by one.

    Args:
      models: LPIPS.
      judges: who compares.
      a: `[N, V, ...]`, pictures of one generator.
      b: the same of the other.
      batch: images measured at a time.
    """
    similarity: dict[str, Comparison] = {}
    for judge in judges:
        rows = [x.embeddings[judge.name].reshape(-1, 1, x.embeddings[judge.name].shape[-1]) for x in (a, b)]
        values = judge.similarity(*rows)
        known = values[~np.isnan(values)]
        similarity[judge.name] = {
            "mean": mean(values),
            "worst": float(known.min()) if known.size else None,
            "n": int(known.size),
        }
    images = [x.images.reshape(-1, *x.images.shape[2:]) for x in (a, b)]
    distances = perceptual_distances(models.perceptual, images[0], images[1], batch)
    lpips: Comparison = {
        "mean": float(distances.mean()),
        "worst": float(distances.max()),
        "n": len(distances),
    }
    return {"similarity": similarity, "lpips": lpips}


def _person(
    judges: Sequence[CalibratedJudge],
    seen: _Sides,
    k: int,
    subject: str,
    pictures: Callable[[EmbeddedViews, EmbeddedViews], ComparedPictures],
) -> BakedPerson:
    """Return the figures of forgotten person number `k`."""

    def own(side: EmbeddedViews) -> EmbeddedViews:
        return EmbeddedViews(
            side.images[k : k + 1], {name: rows[k : k + 1] for name, rows in side.embeddings.items()}
        )

    before, adapted, baked = map(own, seen)
    judged: dict[str, JudgedPerson] = {}
    for judge in judges:
        with_adapters, after_baking = (
            float(judge.similarity(before.embeddings[judge.name], side.embeddings[judge.name])[0])
            for side in (adapted, baked)
        )
        judged[judge.name] = {
            "adapted": number(with_adapters),
            "baked": number(after_baking),
            "difference": number(abs(after_baking - with_adapters)),
        }
    difference = judged[judges[0].name]["difference"]
    return {
        "subject": subject,
        "judges": judged,
        "pictures": pictures(adapted, baked),
        "within_bar": None if difference is None else difference <= BAR,
    }


def loss_lines(figures: LossFigures) -> list[str]:
    """Return what `measure_loss` found, in words."""
    lines = []
    main = figures["networks"]["judges"][0]
    for person in figures["people"]:
        judged = person["judges"][main]
        if judged["difference"] is None:
            lines.append(f"{person['subject']}: not measured, because no pair of pictures has a face.")
            continue
        verdict = "within" if person["within_bar"] else "NOT within"
        lines.append(
            f"{person['subject']}: similarity before and after {judged['adapted']:.3f} with the adapters, "
            f"{judged['baked']:.3f} baked ({main}); {verdict} {figures['bar']:g}."
        )
    random, unbaked = figures["random"], figures["unbaked"]
    alike = random["pictures"]["similarity"][main]
    if alike["mean"] is not None:
        lines.append(
            f"{alike['n']} random people, adapted against baked: similarity {alike['mean']:.3f} on average, "
            f"{alike['worst']:.3f} at worst."
        )
    lpips, own = random["pictures"]["lpips"], unbaked["pictures"]["lpips"]
    lines.append(
        f"LPIPS {lpips['mean']:.4f} on average, {lpips['worst']:.4f} at worst; the adapters change "
        f"these pictures by {own['mean']:.4f}."
    )
    lines.append(
        f"Fréchet distance ({figures['networks']['frechet']}) {random['frechet']:.4g} over "
        f"{random['frechet_samples']} people; between source and adapted {unbaked['frechet']:.4g}."
    )
    return lines
