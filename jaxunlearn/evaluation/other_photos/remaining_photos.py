"""Photos of the forgotten people that unlearning did not use, from the source that it read."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from eg3d_flax import Compute
from jaxunlearn.errors import InputError, shortened
from jaxunlearn.evaluation.other_photos.photos import OtherPhotos
from jaxunlearn.models.encoder import Encoder
from jaxunlearn.models.loading import Models
from jaxunlearn.photos.inversion.choice import EncoderInput, Method, choose
from jaxunlearn.photos.inversion.given_photos import PhotoSource
from jaxunlearn.photos.inversion.invert import invert
from jaxunlearn.photos.sources import Photograph, Photographs, Refused, counted, iterate_photographs


def invert_remaining(
    models: Models,
    subjects: Sequence[str],
    source: str | Path,
    *,
    photos_sha256: Sequence[str | None] = (),
    method: Method | None = None,
    encoder: PhotoSource | Encoder | None = None,
    encoder_input: EncoderInput = "crop",
    compute: Compute | None = None,
    progress: bool = True,
) -> dict[int, OtherPhotos]:
    """Invert the photos that are left of the forgotten people.

    Args:
      models: the source generator, with the networks of the inversion.
      subjects: names of the forgotten people: of a person, whose first photo was forgotten, or of a photo.
      source: of photos, see `photos.sources.iterate_photographs`; the same that unlearning read.
      photos_sha256: see `photos.people.People`. The photo with this file was forgotten, whatever its name.
      method: see `photos.inversion.invert.invert`, as all that follow.
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
    how, side = choose(models, method, encoder, encoder_input), models.generator.config.img_resolution
    all_photos = iterate_photographs(source, side, whole_side=how.whole_side)
    read = list(counted(all_photos, progress))
    refused = tuple(photo for photo in read if isinstance(photo, Refused))
    usable = [photo for photo in read if isinstance(photo, Photograph)]
    photos = remaining(usable, subjects, photos_sha256, source)
    people = np.array([k for k, theirs in photos.items() for _ in theirs])
    together = Photographs(tuple(photo for theirs in photos.values() for photo in theirs), refused)
    ws = invert(models, together, **how.arguments, compute=compute, progress=progress).ws
    images = {k: np.stack([photo.image for photo in theirs]) for k, theirs in photos.items()}
    return {k: OtherPhotos(ws[people == k], images[k]) for k in photos}


def remaining(
    photos: Sequence[Photograph],
    subjects: Sequence[str],
    photos_sha256: Sequence[str | None],
    source: str | Path,
) -> dict[int, list[Photograph]]:
    """Return number of a person → their photos that were not forgotten; only people who have such photos.

    Args:
      photos: all photos of the source that can be used, in its order.
      subjects: see `invert_remaining`.
      photos_sha256: see `invert_remaining`.
      source: its name in errors.

    Raises:
      InputError: see `invert_remaining`.
    """
    digests = photos_sha256 or [None] * len(subjects)
    found = [
        _forgotten(photos, subject, digest, source) for subject, digest in zip(subjects, digests, strict=True)
    ]
    unknown = [shortened(subject) for subject, photo in zip(subjects, found, strict=True) if photo is None]
    if unknown:
        more = f" and {len(unknown) - 3} more" if len(unknown) > 3 else ""
        raise InputError(
            f"{source}: no usable photo in it is the one that was forgotten of {', '.join(unknown[:3])}"
            f"{more}; give the source that unlearning read"
        )
    forgotten = [photo for photo in found if photo is not None]
    used = {id(photo) for photo in forgotten}
    copied = {photo.sha256 for photo in forgotten} - {None}  # a copy of the photo is not another one
    left: dict[int, list[Photograph]] = {}
    for k, first in enumerate(forgotten):
        theirs = [
            each
            for each in photos
            if each.identity == first.identity and id(each) not in used and each.sha256 not in copied
        ]
        if theirs:
            left[k] = theirs
        else:
            warnings.warn(f"{source}: {shortened(subjects[k])} has no other photo", stacklevel=3)
    if not left:
        raise InputError(f"{source}: nobody who was forgotten has another photo in it")
    return left


def _forgotten(
    photos: Sequence[Photograph], subject: str, digest: str | None, source: str | Path
) -> Photograph | None:
    """Return the photo that was forgotten: of this file, or where files cannot be compared, of this name.

    Raises:
      InputError: if there are several.
    """
    same = [photo for photo in photos if digest and photo.sha256 == digest]
    if same:
        problem = "people have the photo of"
        found = list({photo.identity: photo for photo in _called(same, subject) or same}.values())
    else:
        problem = "photos are called"
        found = _called([photo for photo in photos if not (digest and photo.sha256)], subject)
    if len(found) > 1:
        raise InputError(f"{source}: several {problem} {shortened(subject)}; give a source with one of them")
    return found[0] if found else None


def _called(photos: Sequence[Photograph], subject: str) -> list[Photograph]:
    """Return the photos that a name may mean: a person's first one, or else those that are called so."""
    of_person = [photo for photo in photos if photo.identity == subject]
    if of_person:
        return of_person[:1]
    named = [photo for photo in photos if photo.name == subject]
    # `unlearn --image folder/1.png` knows only the file's name
    return named or [photo for photo in photos if photo.path is not None and photo.path.name == subject]
