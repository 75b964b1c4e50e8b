"""Photos of the forgotten people that unlearning did not use, from the source that it read."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from eg3d_flax import Compute
from jaxunlearn.errors import InputError, shortened
from jaxunlearn.evaluation.other_photos.photos import OtherPhotos
from jaxunlearn.models.loading import Models
from jaxunlearn.photos.invert import (
    EncoderInput,
    Method,
    default_method,
    encoder_of,
    side_of_file,
)
from jaxunlearn.photos.photo_inversion import invert
from jaxunlearn.photos.sources import Photograph, Photographs, Refused, counted, iterate_photographs


def invert_remaining(
    models: Models,
    subjects: Sequence[str],
    source: str | Path,
    *,
    method: Method | None = None,
    encoder: str | None = None,
    encoder_input: EncoderInput = "crop",
    compute: Compute | None = None,
    progress: bool = True,
) -> dict[int, OtherPhotos]:
    """Invert the photos that are left of the forgotten people.

    Args:
      models: the source generator, with the networks of the inversion.
      subjects: names of the forgotten people: of a person, whose first photo was forgotten, or of a photo.
      source: of photos, see `photos.sources.iterate_photographs`; the same that unlearning read.
      method: see `photos.photo_inversion.invert`, as all that follow.
      encoder: see there.
      encoder_input: see there.
      compute: see there.
      progress: see there.

    Returns:
      Number of a person → their other photos, for those who have any.

    Raises:
      InputError: if the source has no photo of somebody who was forgotten, nobody has another photo, or
        options contradict each other.

    Warns:
      UserWarning: for each photo that cannot be used, and each person without another photo.
    """
    method = method or default_method(models, encoder)
    network = encoder_of(models, method, encoder)
    side = models.generator.config.img_resolution
    all_photos = iterate_photographs(source, side, whole_side=side_of_file(network, encoder_input))
    read = list(counted(all_photos, progress))
    refused = tuple(photo for photo in read if isinstance(photo, Refused))
    photos = remaining([photo for photo in read if isinstance(photo, Photograph)], subjects, source)
    people = np.array([k for k, theirs in photos.items() for _ in theirs])
    together = Photographs(tuple(photo for theirs in photos.values() for photo in theirs), refused)
    ws = invert(
        models,
        together,
        method=method,
        encoder=network,
        encoder_input=encoder_input,
        compute=compute,
        progress=progress,
    ).ws
    images = {k: np.stack([photo.image for photo in theirs]) for k, theirs in photos.items()}
    return {k: OtherPhotos(ws[people == k], images[k]) for k in photos}


def remaining(
    photos: Sequence[Photograph], subjects: Sequence[str], source: str | Path
) -> dict[int, list[Photograph]]:
    """Return number of a person → their photos that were not forgotten; only people who have such photos.

    Args:
      photos: all photos of the source that can be used, in its order.
      subjects: see `invert_remaining`.
      source: its name in errors.

    Raises:
      InputError: see `invert_remaining`.
    """
    forgotten = [_forgotten(photos, subject) for subject in subjects]
    unknown = [
        shortened(subject) for subject, photo in zip(subjects, forgotten, strict=True) if photo is None
    ]
    if unknown:
        more = f" and {len(unknown) - 3} more" if len(unknown) > 3 else ""
        raise InputError(
            f"{source}: has no usable photo of {', '.join(unknown[:3])}{more}, who were forgotten; give the "
            "source that unlearning read"
        )
    used = {id(photo) for photo in forgotten}
    left: dict[int, list[Photograph]] = {}
    for k, first in enumerate(forgotten):
        assert first is not None
        theirs = [each for each in photos if each.identity == first.identity and id(each) not in used]
        if theirs:
            left[k] = theirs
        else:
            warnings.warn(f"{source}: {shortened(subjects[k])} has no other photo", stacklevel=3)
    if not left:
        raise InputError(f"{source}: nobody who was forgotten has another photo in it")
    return left


def _forgotten(photos: Sequence[Photograph], subject: str) -> Photograph | None:
    """Return the photo that was forgotten under this name: a person's first photo, or a photo itself."""
    for photo in photos:
        if photo.identity == subject:
            return photo
    called = [photo for photo in photos if photo.name == subject]
    if not called:  # `unlearn --image folder/1.png` knows only the file's name
        called = [photo for photo in photos if photo.path is not None and photo.path.name == subject]
    return called[0] if len(called) == 1 else None
