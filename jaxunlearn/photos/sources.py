"""Photos of people, from files, folders, tables and data sets.

    for photo in iterate_photographs("tfds:lfw[train[:100]]", 64): ...    # one after another
    photos = read_photographs("people", 512)                              # all of them, and which are refused

A source is a picture; a folder of pictures, each of which counts as a person; a folder with a folder for each
person; a table with the columns `image` and `identity` (see `photos.tables`); or `tfds:NAME[split]`, a
prepared TFDS data set.
"""

import dataclasses
import itertools
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tqdm import tqdm

from jaxunlearn.errors import InputError, first_line
from jaxunlearn.files.door import local_path
from jaxunlearn.files.names import as_text
from jaxunlearn.models.files.pretrained import sha256
from jaxunlearn.photos.folders import ListedPhoto, photos_in_folder
from jaxunlearn.photos.pictures.image_io import open_picture, portrait, whole_picture
from jaxunlearn.photos.tables import SPREADSHEETS, SUFFIXES, read_photo_table
from torch_bridge import CheckpointError
from torch_bridge.opening import refuse_irregular

TFDS = re.compile(r"tfds:(?P<name>[^\[\]]+)(\[(?P<split>.+)\])?", re.DOTALL)
IDENTITY_FEATURES = ("identity", "person", "label")
"""Features of a TFDS example that say who it shows, in the order in which they are looked for."""
NAME_FEATURES = ("image/filename", "filename")
"""Features that name the photo."""
BAR_AFTER = 1.0
"""Seconds of reading before a bar appears."""


@dataclasses.dataclass(frozen=True, eq=False)
class Photograph:
    """A photo of a person.

    Attributes:
      identity: the name of the person.
      name: the name of the photo, different from others of the source.
      image: `[R, R, 3]` float32 in [-1, 1].
      path: its file; None if it comes from TFDS.
      whole: `[S, S, 3]`, the whole picture as `image_io.whole_picture` makes it, if it is wanted.
      sha256: SHA-256 of its file; None if it has none.
    """

    identity: str
    name: str
    image: np.ndarray
    path: Path | None = None
    whole: np.ndarray | None = None
    sha256: str | None = None


@dataclasses.dataclass(frozen=True)
class Refused:
    """A photo that cannot be used, and the reason in one line."""

    name: str
    reason: str


@dataclasses.dataclass(frozen=True, eq=False)
class Photographs:
    """The photos of a source, in its order."""

    photographs: tuple[Photograph, ...]
    refused: tuple[Refused, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The name of each photo, such as `ada/1.png`."""
        return tuple(photo.name for photo in self.photographs)

    @property
    def images(self) -> np.ndarray:
        """The photos as the generator would show them, `[N, R, R, 3]` float32 in [-1, 1]."""
        return np.stack([photo.image for photo in self.photographs])

    def by_identity(self) -> dict[str, tuple[Photograph, ...]]:
        """Return person → photos, in the order in which the people first appear."""
        groups: dict[str, list[Photograph]] = {}
        for photograph in self.photographs:
            groups.setdefault(photograph.identity, []).append(photograph)
        return {identity: tuple(group) for identity, group in groups.items()}


def read_photographs(
    source: str | Path,
    resolution: int,
    *,
    limit: int | None = None,
    whole_side: int | None = None,
    data_dir: str | Path | None = None,
    progress: bool = False,
) -> Photographs:
    """Read all photos of a source into memory.

    Args:
      source: see `iterate_photographs`.
      resolution: pixels along each side of the images.
      limit: largest number of usable photos; None reads all.
      whole_side: see `iterate_photographs`.
      data_dir: see `iterate_photographs`.
      progress: True shows a bar, see `counted`.

    Raises:
      InputError: if there is no such source, or none of its photos can be used.
    """
    photographs: list[Photograph] = []
    refused: list[Refused] = []
    photos = iterate_photographs(source, resolution, whole_side=whole_side, data_dir=data_dir)
    for photo in counted(photos, progress):
        if isinstance(photo, Refused):
            refused.append(photo)
        else:
            photographs.append(photo)
        if limit is not None and len(photographs) >= limit:
            break
    if not photographs:
        raise InputError(_nothing(source, refused))
    return Photographs(tuple(photographs), tuple(refused))


def counted(photos: Iterable[Photograph | Refused], progress: bool) -> Iterable[Photograph | Refused]:
    """Return the photos of `iterate_photographs`, counted by a bar if reading them takes long."""
    return tqdm(photos, desc="photos", unit="photo", delay=BAR_AFTER, disable=not progress)


def whole_images(photographs: Sequence[Photograph]) -> np.ndarray | None:
    """Return the whole pictures, `[N, S, S, 3]`; None if they were not wanted."""
    wholes = [photograph.whole for photograph in photographs if photograph.whole is not None]
    return np.stack(wholes) if wholes else None


def _nothing(source: str | Path, refused: Sequence[Refused]) -> str:
    if not refused:
        return f"{source}: has no photos"
    first = refused[0].reason
    if len(refused) == 1:
        return first
    return f"{source}: none of its {len(refused)} photos can be used; the first: {first}"


def iterate_photographs(
    source: str | Path,
    resolution: int,
    *,
    whole_side: int | None = None,
    data_dir: str | Path | None = None,
    wanted: Callable[[str], bool] = lambda _: True,
) -> Iterator[Photograph | Refused]:
    """Read the photos of a source one after another.

    Args:
      source: a picture, a folder, a table or `tfds:NAME[split]`. NAME may be the folder of a prepared data
        set; the split is `train` by default. Folders beside pictures are not searched.
      resolution: pixels along each side of the images; see `image_io.read_image` for pictures of other sizes,
        orientations and kinds of pixels.
      whole_side: pixels along each side of the whole pictures, if they are wanted as well.
      data_dir: folder of the TFDS data sets; None takes TFDS's default.
      wanted: takes the name of a person, and is asked before each photo is opened. Photos of other people are
        passed over, so that broken ones among them are not refused. TFDS decodes them all the same.

    Returns:
      An iterator over the photos, or why they cannot be used; each is read when the iterator reaches it.

    Raises:
      InputError: if there is no such source.
    """
    match = TFDS.fullmatch(str(source))
    if match is not None:
        if whole_side is not None:
            raise InputError(f"{source}: an encoder can be given whole files only if there are files")
        return _from_tfds(match["name"], match["split"] or "train", resolution, data_dir, wanted)
    if str(source).startswith("tfds:"):
        raise InputError(f"{source}: write tfds:NAME[split], such as tfds:lfw[train[:100]]")
    return _read_all(listed_photos(source), resolution, whole_side, wanted)


def listed_photos(source: str | Path) -> list[ListedPhoto]:
    """Return the photos of a folder or a table, or a picture itself, without opening them.

    Raises:
      InputError: if a folder or table cannot be read, or lists nothing.
    """
    path = local_path(source)
    if os.path.isdir(path):  # Path.is_dir fails for a name that is too long
        return photos_in_folder(path)
    if path.suffix.lower() in SUFFIXES + SPREADSHEETS:
        return read_photo_table(path)
    name = as_text(path.name)
    return [ListedPhoto(name, name, path)]


def listed_names(source: str | Path) -> list[str]:
    """Return the names of the photos of a source, without opening them; TFDS gives its own name alone.

    Raises:
      InputError: see `listed_photos`.
    """
    if str(source).startswith("tfds:"):
        return [str(source)]
    return [photo.name for photo in listed_photos(source)]


def paths_of(sources: Iterable[str | Path]) -> list[Path]:
    """Return the files of the photos of sources, without opening them; TFDS has none.

    Raises:
      InputError: see `listed_photos`.
    """
    files = [source for source in sources if not str(source).startswith("tfds:")]
    return [photo.path for source in files for photo in listed_photos(source)]


def _read_all(
    listed: Sequence[ListedPhoto], resolution: int, whole_side: int | None, wanted: Callable[[str], bool]
) -> Iterator[Photograph | Refused]:
    for photo in listed:
        if photo.unusable or not photo.person:
            yield Refused(photo.name, photo.unusable or f"{photo.path}: nobody is named as its identity")
            continue
        if not wanted(photo.person):
            continue
        try:
            picture = open_picture(photo.path)
            image = portrait(picture, resolution, photo.path)
            digest = sha256(photo.path)
        except InputError as error:
            yield Refused(photo.name, str(error))
        else:
            whole = None if whole_side is None else whole_picture(picture, whole_side)
            yield Photograph(photo.person, photo.name, image, photo.path, whole, digest)


def _from_tfds(
    name: str, split: str, resolution: int, data_dir: str | Path | None, wanted: Callable[[str], bool]
) -> Iterator[Photograph | Refused]:
    examples, features = _data_source(name, split, data_dir)
    return _read_examples(examples, features, name, resolution, wanted)


def _data_source(name: str, split: str, data_dir: str | Path | None) -> tuple[Sequence[Any], Any]:
    """Return a prepared data set's examples, in random access without TensorFlow, and its features."""
    import tensorflow_datasets as tfds  # takes a second
    from tensorflow_datasets.core import read_only_builder, registered

    try:
        if Path(name).is_dir():
            _refuse_irregular(Path(name))
            builder = tfds.builder_from_directory(name)
        else:
            where = {} if data_dir is None else {"data_dir": str(data_dir)}
            builder = read_only_builder.builder_from_files(name, **where)
    except registered.DatasetNotFoundError as error:
        raise InputError(
            f"tfds:{name}: no prepared data set of this name in {data_dir or 'TFDS_DATA_DIR'}; prepare it "
            f"with tfds.builder({name!r}, file_format='array_record').download_and_prepare()"
        ) from error
    except InputError:
        raise
    except Exception as error:  # TFDS raises many kinds of errors on damaged folders
        raise InputError(f"tfds:{name}: not a prepared data set ({first_line(error)})") from error
    features: Any = builder.info.features
    if "image" not in (features or {}):
        raise InputError(f"tfds:{name}: its examples have no `image`")
    try:
        examples = builder.as_data_source(split=split)  # pyright: ignore[reportCallIssue]
        len(examples)
    except NotImplementedError as error:
        raise InputError(
            f"tfds:{name}: is stored in a format that only TensorFlow can read; prepare it with "
            "file_format='array_record'"
        ) from error
    except (ValueError, KeyError) as error:
        known = ", ".join(builder.info.splits)
        raise InputError(f"tfds:{name}[{split}]: no such split; there are {known}") from error
    except Exception as error:  # as above
        raise InputError(f"tfds:{name}: is damaged or incomplete ({first_line(error)})") from error
    return examples, features


def _refuse_irregular(folder: Path) -> None:
    """Refuse pipes and devices in a prepared data set: TFDS would wait for them forever."""
    for path in folder.rglob("*"):
        try:
            mode = path.stat().st_mode
            if not stat.S_ISDIR(mode):
                refuse_irregular(mode)
        except (CheckpointError, OSError) as error:
            raise InputError(f"{path}: cannot be read ({first_line(error)})") from error


def _read_examples(
    examples: Sequence[Any], features: Any, source: str, resolution: int, wanted: Callable[[str], bool]
) -> Iterator[Photograph | Refused]:
    who = next((feature for feature in IDENTITY_FEATURES if feature in features), None)
    called = next((feature for feature in NAME_FEATURES if feature in features), None)
    for number in itertools.count():
        if number >= len(examples):
            return
        try:
            example = examples[number]
        except Exception as error:  # of a damaged file; the library raises many kinds of errors
            name = f"{source}/{number:06d}"
            yield Refused(name, f"{name}: cannot be read ({first_line(error)})")
            continue
        name = f"{source}/{number:06d}" if called is None else _text(example[called])
        identity = name if who is None else _text(example[who])
        if who is not None and hasattr(features[who], "int2str"):
            identity = features[who].int2str(int(example[who]))
        if not wanted(identity):
            continue
        try:
            pixels = np.asarray(example["image"])
            picture = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
            image = portrait(picture, resolution, name)
        except (InputError, TypeError) as error:
            yield Refused(name, str(error) if isinstance(error, InputError) else f"{name}: no picture")
        else:
            yield Photograph(identity, name, image)


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
