"""From photos to latents and people: files are read, framed and inverted. `N` photos.

inverted = jaxunlearn.invert(models, "photos/")
inverted.ws, inverted.c                                  # latents and cameras
jaxunlearn.unlearn(models, inverted.people, config, workdir="runs/them")
"""

import dataclasses
import os
import re
import time
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypedDict, cast

import jax
import ml_dtypes
import numpy as np
from jax.sharding import Mesh

from eg3d_flax import Compute
from jaxunlearn.errors import InputError, check_whole
from jaxunlearn.files.names import file_name
from jaxunlearn.files.paths import as_list
from jaxunlearn.images import to_float
from jaxunlearn.models.encoder import Encoder
from jaxunlearn.models.loading import Models
from jaxunlearn.photos.inversion import EachBatch, Inversion, InversionSettings
from jaxunlearn.photos.invert import (
    EncoderInput,
    Method,
    choose,
    invert_photographs,
    settings_for,
    way_of_inverting,
)
from jaxunlearn.photos.people import People, distinct_subjects
from jaxunlearn.photos.sources import (
    Photograph,
    Photographs,
    Refused,
    counted,
    iterate_photographs,
    read_photographs,
    whole_images,
)
from jaxunlearn.process.jax_settings import pinned_settings

PhotoSource = str | Path
"""A picture, a folder, a table or `tfds:NAME[split]`; see `photos.sources.iterate_photographs`."""

GivenPhotos = (
    PhotoSource
    | Sequence[PhotoSource]
    | Sequence[np.ndarray]
    | Sequence[jax.Array]
    | np.ndarray
    | jax.Array
    | Photographs
)
"""What `invert` takes."""

KnownLatents = Callable[[People], np.ndarray | None]
"""Function from people whose `ws` are not known yet to ws `[K, L, D]` that were found in the same photos in
the same way; or to None."""
_MOST_LEVEL = 2.0
"""Highest level of images in [-1, 1]: generators exceed 1 a little, and levels of 0 to 255 do by far."""


class Inverting(TypedDict, total=False):
    """How photos are inverted: arguments of `people_from_photos`."""

    method: Method | None
    encoder: PhotoSource | Encoder | None
    encoder_input: EncoderInput


def settled(
    models: Models,
    *,
    method: Method | None = None,
    encoder: PhotoSource | Encoder | None = None,
    encoder_input: EncoderInput = "crop",
) -> tuple[Inverting, dict[str, str]]:
    """Return how photos are inverted, with the encoder itself, and what a folder keeps of it.

    Args:
      models: the generator and its networks.
      method: see `invert`.
      encoder: see `invert`.
      encoder_input: see `invert`.

    Raises:
      InputError: if an encoder is needed and there is none, or the arguments contradict each other.
    """
    how = choose(models, method, encoder, encoder_input)
    way = how.way(settings_for(how.method, models))
    return Inverting(method=how.method, encoder=how.encoder, encoder_input=how.encoder_input), way


@dataclasses.dataclass(frozen=True, eq=False)
class InversionPlan:
    """Photos that were read and can be inverted, and how that is done.

    Attributes:
      photos: the photos to invert, and those that are left out with a reason.
      method: how they are inverted.
      network: the encoder, if there is one.
      encoder_input: what the encoder is given.
      settings: settings of the search.
    """

    photos: Photographs
    method: Method
    network: Encoder | None
    encoder_input: EncoderInput
    settings: InversionSettings

    @property
    def encoder(self) -> str | None:
        """Name of the encoder, if there is one."""
        return None if self.network is None else self.network.name

    @property
    def people(self) -> People:
        """The people in the photos, see `InvertedPhotos.people`; without `ws`."""
        way = way_of_inverting(self.method, self.encoder, self.encoder_input, self.settings)
        return _people_in(self.photos, way)


@dataclasses.dataclass(frozen=True, eq=False)
class InvertedPhotos:
    """Photos with their latents.

    Attributes:
      photos: the photos that were inverted, and those that were left out with a reason.
      inversion: the latents, and how similar their images are to the photos.
      method: how the photos were inverted.
      encoder: name of the encoder, if there was one.
      encoder_input: what the encoder was given.
      settings: settings of the search.
      seconds: duration of the inversion.
    """

    photos: Photographs
    inversion: Inversion
    method: Method
    encoder: str | None
    encoder_input: EncoderInput
    settings: InversionSettings
    seconds: float

    @property
    def names(self) -> tuple[str, ...]:
        """The name of each photo, such as `ada/1.png`."""
        return self.photos.names

    @property
    def images(self) -> np.ndarray:
        """The photos as the generator would show them, `[N, R, R, 3]` float32 in [-1, 1]."""
        return self.photos.images

    @property
    def ws(self) -> np.ndarray:
        """The latents, `[N, num_ws, w_dim]` float32."""
        return self.inversion.ws

    @property
    def c(self) -> np.ndarray:
        """The estimated cameras, `[N, 25]` float32."""
        return self.inversion.c

    @property
    def people(self) -> People:
        """The photos as people for `jaxunlearn.unlearn`, each of them a person with a label of its own."""
        way = way_of_inverting(self.method, self.encoder, self.encoder_input, self.settings)
        return dataclasses.replace(_people_in(self.photos, way), ws=self.ws)


def _people_in(photos: Photographs, way: Mapping[str, str]) -> People:
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


@pinned_settings()
def invert(
    models: Models,
    photos: GivenPhotos,
    *,
    method: Method | None = None,
    encoder: PhotoSource | Encoder | None = None,
    encoder_input: EncoderInput = "crop",
    steps: int | None = None,
    batch: int | None = None,
    mesh: Mesh | None = None,
    compute: Compute | None = None,
    progress: bool = True,
) -> InvertedPhotos:
    """Find the latents and cameras of photos that are framed as the generator's images.

    Args:
      models: the generator, with LPIPS and identity network of the loss.
      photos: pictures, folders of pictures or of people's folders, tables, `tfds:NAME[split]`; or images
        `[N, R, R, 3]` of the generator's resolution, in [-1, 1] or uint8 as `render` returns them, or a list
        of such `[R, R, 3]`.
      method: "encoder" is one pass of an encoder, "optimize" a search from the mean face, "hybrid" a search
        that starts from the encoder's latents. None takes "hybrid" with an encoder, else "optimize".
      encoder: an encoder or its file; None takes the one that suits the model. "optimize" takes none.
      encoder_input: "crop" gives the encoder the same image as the loss, "file" the whole file.
      steps: number of steps of the search; None takes 40, or 20 for "hybrid".
      batch: number of photos at a time, 8 by default; more need more memory.
      mesh: devices that share each batch, along the axis "sample"; see `make_mesh`. None uses one device.
      compute: dtype and forms; None takes what is fastest on this platform.
      progress: True shows bars, of the search and of reading if that takes long.

    Raises:
      InputError: if no photo can be used, an encoder is needed and there is none, or options are unknown, no
        whole numbers, or contradict each other; before the long part.
      ValueError: if images have another shape, type or range.

    Warns:
      UserWarning: for each photo that is left out; if images look as if they were in [0, 1].
    """
    plan = plan_inversion(
        models,
        photos,
        method=method,
        encoder=encoder,
        encoder_input=encoder_input,
        steps=steps,
        batch=batch,
        progress=progress,
    )
    began = time.perf_counter()
    inversion = invert_planned(models, plan, mesh=mesh, compute=compute, progress=progress)
    seconds = time.perf_counter() - began
    return InvertedPhotos(
        plan.photos, inversion, plan.method, plan.encoder, encoder_input, plan.settings, seconds
    )


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
    """Do what is not long about `invert`: read the photos and the encoder, and settle how they are inverted.

    The arguments are those of `invert`, as are errors and warnings.
    """
    how = choose(models, method, encoder, encoder_input)
    settings = _settings(models, how.method, steps, batch)
    read = _read(photos, models.generator.config.img_resolution, how.whole_side, progress)
    return InversionPlan(read, how.method, how.encoder, encoder_input, settings)


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
    """Do what is long about `invert`: the search.

    Args:
      models: those of the plan.
      plan: see `plan_inversion`.
      rows: numbers of the photos that are inverted; see `inversion.search_latents`, as all that follow.
      each: see there.
      mesh: see there.
      compute: see there.
      progress: see there.
    """
    photos = plan.photos
    return invert_photographs(
        models,
        photos.images,
        plan.method,
        encoder=plan.network,
        encoder_images=whole_images(photos.photographs) if plan.encoder_input == "file" else None,
        settings=plan.settings,
        rows=rows,
        each=each,
        mesh=mesh,
        compute=compute,
        progress=progress,
    )


@pinned_settings()
def people_from_photos(
    models: Models,
    sources: PhotoSource | Sequence[PhotoSource],
    *,
    method: Method | None = None,
    encoder: PhotoSource | Encoder | None = None,
    encoder_input: EncoderInput = "crop",
    compute: Compute | None = None,
    known: KnownLatents | None = None,
    progress: bool = True,
) -> People:
    """Return the people in photos; each photo counts as a person.

    Args:
      models: the generator and its networks.
      sources: one or several sources of photos, see `invert`.
      method: see `invert`.
      encoder: see `invert`.
      encoder_input: see `invert`.
      compute: see `invert`.
      known: returns latents that an earlier call found, with which nothing is inverted, or None.
      progress: see `invert`.

    Raises:
      InputError: if a source has no photo that can be used, or an encoder is needed and there is none; before
        any photo is inverted.

    Warns:
      UserWarning: for each photo that is left out.
    """
    plan = plan_people(
        models, sources, method=method, encoder=encoder, encoder_input=encoder_input, progress=progress
    )
    people = plan.people
    if known is not None and (ws := known(people)) is not None:
        return dataclasses.replace(people, ws=ws)
    inversion = invert_planned(models, plan, compute=compute, progress=progress)
    return dataclasses.replace(people, ws=inversion.ws)


def plan_people(
    models: Models,
    sources: PhotoSource | Sequence[PhotoSource],
    *,
    method: Method | None = None,
    encoder: PhotoSource | Encoder | None = None,
    encoder_input: EncoderInput = "crop",
    progress: bool = True,
) -> InversionPlan:
    """Do what is not long about `people_from_photos`; arguments, errors and warnings are the same."""
    how, side = choose(models, method, encoder, encoder_input), models.generator.config.img_resolution
    read = [
        read_photographs(source, side, whole_side=how.whole_side, progress=progress)
        for source in as_list(sources)
    ]
    photos = Photographs(
        tuple(photo for part in read for photo in part.photographs),
        tuple(refused for part in read for refused in part.refused),
    )
    return plan_inversion(
        models,
        photos,
        method=how.method,
        encoder=how.encoder,
        encoder_input=encoder_input,
        progress=progress,
    )


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


def _read(
    photos: GivenPhotos,
    side: int,
    whole_side: int | None,
    progress: bool,
) -> Photographs:
    """Read photos, with a warning for each one that is left out.

    Raises:
      InputError: if no photo can be used.
    """
    images = _given_images(photos)
    if images is not None:
        if whole_side is not None:
            raise InputError('encoder_input "file" needs files, not arrays; choose "crop"')
        read: Iterable[Photograph | Refused] = _of_array(images, side)
    elif isinstance(photos, Photographs):
        if whole_side is not None and any(
            photo.whole is None or len(photo.whole) != whole_side for photo in photos.photographs
        ):
            raise InputError(
                f'encoder_input "file" needs whole files: read the photos with whole_side={whole_side}, '
                'or choose "crop"'
            )
        read = (*photos.photographs, *photos.refused)
    else:
        one_after_another = (
            photo
            for source in as_list(cast("PhotoSource | Sequence[PhotoSource]", photos))
            for photo in iterate_photographs(source, side, whole_side=whole_side)
        )
        read = list(counted(one_after_another, progress))
    usable = tuple(photo for photo in read if isinstance(photo, Photograph))
    refused = tuple(photo for photo in read if isinstance(photo, Refused))
    if not usable and len(refused) == 1:
        raise InputError(refused[0].reason)
    for photo in refused:
        warnings.warn(f"left out: {photo.reason}", stacklevel=5)
    if not usable:
        raise InputError("none of the given photos can be used")
    return Photographs(usable, refused)


def _given_images(photos: object) -> np.ndarray | None:
    """Return images that were given as one array, or as a list of arrays; None for anything else.

    Raises:
      InputError: if a list's images are not of one shape, or not all of it are images.
    """
    if isinstance(photos, np.ndarray | jax.Array):
        return np.asarray(photos)
    if not isinstance(photos, list | tuple) or not any(
        isinstance(each, np.ndarray | jax.Array) for each in photos
    ):
        return None
    if len({np.shape(each) for each in photos}) > 1:
        raise InputError("a list of images must hold nothing but images of one shape")
    return np.stack(photos)


def _of_array(images: np.ndarray, side: int) -> list[Photograph]:
    """Return images as photos without files.

    Raises:
      ValueError: see `invert`.

    Warns:
      UserWarning: if images look as if they were in [0, 1].
    """
    if images.ndim != 4 or images.shape[1:] != (side, side, 3) or not len(images):
        raise ValueError(f"images must be [N, {side}, {side}, 3], not {list(images.shape)}")
    of_8_bits = images.dtype == np.uint8
    if of_8_bits:
        images = to_float(images)
    elif images.dtype.kind != "f" and images.dtype != ml_dtypes.bfloat16:
        raise ValueError(f"images must be uint8, or floating point in [-1, 1], not {images.dtype}")
    images = np.asarray(images, np.float32)
    highest = np.abs(images).max()
    if not highest <= _MOST_LEVEL:  # NaN too
        raise ValueError(
            f"images must lie in [-1, 1], but have levels of {highest:g}; give levels from 0 to 255 as uint8"
        )
    if images.min() >= 0 and not of_8_bits:
        warnings.warn(
            "no level of the images is below 0, the middle grey of [-1, 1]; if they are in [0, 1], "
            "give 2 * images - 1",
            stacklevel=6,
        )
    return [Photograph(f"image{k:04d}", f"image{k:04d}", image) for k, image in enumerate(images)]
