"""Plan an inversion: photos are read and their people known before the long search begins."""

import dataclasses
import os
import re
from collections.abc import Mapping, Sequence

import numpy as np
from jax.sharding import Mesh

from eg3d_flax import Compute
from jaxunlearn.errors import InputError, check_whole
from jaxunlearn.files.names import file_name
from jaxunlearn.files.paths import as_list
from jaxunlearn.models.encoder import Encoder
from jaxunlearn.models.loading import Models
from jaxunlearn.photos.inversion.choice import Chosen, EncoderInput, Method, choose, settings_for
from jaxunlearn.photos.inversion.given_photos import GivenPhotos, PhotoSource, read_given
from jaxunlearn.photos.inversion.images import invert_photographs
from jaxunlearn.photos.inversion.search import EachBatch, Inversion, InversionSettings
from jaxunlearn.photos.people import People, distinct_subjects
from jaxunlearn.photos.sources import Photographs, read_photographs, whole_images


@dataclasses.dataclass(frozen=True, eq=False)
class InversionPlan:
    """Photos that were read and can be inverted, and how that is done.

    Attributes:
      photos: the photos to invert, and those that are left out with a reason.
      how: they are inverted.
      settings: settings of the search.
    """

    photos: Photographs
    how: Chosen
    settings: InversionSettings

    @property
    def people(self) -> People:
        """The people in the photos, see `invert.InvertedPhotos.people`; without `ws`."""
        return people_in(self.photos, self.how.way(self.settings))


def people_in(photos: Photographs, way: Mapping[str, str]) -> People:
    """Return the people in photos before these are inverted: without `ws`."""
    usable = photos.photographs
    return People(
        name_of_photos(photos.names),
        distinct_subjects([(photo.name, photo.path) for photo in usable]),
        np.empty((0, 0, 0), np.float32),
        photos_sha256=tuple(photo.sha256 for photo in usable),
        inversion=way,
    )


def name_of_photos(names: Sequence[str]) -> str:
    """Return a name for the people in photos that suits a folder, from the names of the photos."""
    first = file_name(re.sub(r"\W+", "-", os.path.splitext(names[0])[0]))
    return first + (f"-and-{len(names) - 1}-more" if len(names) > 1 else "")


def plan_inversion(
    models: Models,
    photos: GivenPhotos,
    *,
    method: Method | None = None,
    encoder: PhotoSource | Encoder | None = None,
    encoder_input: EncoderInput = "crop",
    steps: int | None = None,
    batch: int | None = None,
    progress: bool = True,
) -> InversionPlan:
    """Do what is not long about `invert.invert`: read photos and encoder, and settle how they are inverted.

    The arguments are those of `invert.invert`, as are errors and warnings.
    """
    how = choose(models, method, encoder, encoder_input)
    settings = _settings(models, how.method, steps, batch)
    read = read_given(photos, models.generator.config.img_resolution, how.whole_side, progress)
    return InversionPlan(read, how, settings)


def invert_planned(
    models: Models,
    plan: InversionPlan,
    *,
    rows: Sequence[int] | None = None,
    each: EachBatch | None = None,
    mesh: Mesh | None = None,
    compute: Compute | None = None,
    progress: bool = True,
) -> Inversion:
    """Do what is long about `invert.invert`: the search.

    Args:
      models: those of the plan.
      plan: see `plan_inversion`.
      rows: numbers of the photos that are inverted; see `search.search_latents`, as all that follow.
      each: see there.
      mesh: see there.
      compute: see there.
      progress: see there.
    """
    photos, how = plan.photos, plan.how
    return invert_photographs(
        models,
        photos.images,
        how.method,
        encoder=how.network,
        encoder_images=whole_images(photos.photographs) if how.encoder_input == "file" else None,
        settings=plan.settings,
        rows=rows,
        each=each,
        mesh=mesh,
        compute=compute,
        progress=progress,
    )


def plan_people(
    models: Models,
    sources: PhotoSource | Sequence[PhotoSource],
    *,
    method: Method | None = None,
    encoder: PhotoSource | Encoder | None = None,
    encoder_input: EncoderInput = "crop",
    progress: bool = True,
) -> InversionPlan:
    """Do what is not long about `invert.people_from_photos`; arguments, errors and warnings are the same."""
    how, side = choose(models, method, encoder, encoder_input), models.generator.config.img_resolution
    read = [
        read_photographs(source, side, whole_side=how.whole_side, progress=progress)
        for source in as_list(sources)
    ]
    photos = Photographs(
        tuple(photo for part in read for photo in part.photographs),
        tuple(refused for part in read for refused in part.refused),
    )
    return plan_inversion(models, photos, **how.arguments, progress=progress)


def _settings(models: Models, method: Method, steps: int | None, batch: int | None) -> InversionSettings:
    for name, number, least in (("steps", steps, 0), ("batch", batch, 1)):
        if number is not None:
            check_whole(name, number, least)
    if steps and method == "encoder":
        raise InputError(f"steps {steps}: the method encoder makes no search; choose the method hybrid")
    settings = settings_for(method, models)
    return dataclasses.replace(
        settings,
        steps=settings.steps if steps is None else steps,
        batch=settings.batch if batch is None else batch,
    )
