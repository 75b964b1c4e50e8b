"""Describe real images a batch at a time, so that any number of them fits into memory."""

import itertools
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from tqdm import tqdm

from inception_flax import RunningStatistics
from jaxunlearn.errors import InputError
from jaxunlearn.evaluation.features import Features, descriptions
from jaxunlearn.evaluation.real_images.real_statistics import RealStatistics
from jaxunlearn.photos.pictures.image_io import iterate_images, pictures_of


def statistics_of_folder(
    folder: Path, resolution: int, features: Features, batch: int, *, progress: bool = True
) -> RealStatistics:
    """Describe the pictures of a folder, or of its folders if it has no pictures itself.

    Args:
      folder: of pictures that are framed as the generator's images.
      resolution: pixels along each side of the generator's images; larger pictures are scaled down.
      features: network of the Fréchet distance.
      batch: pictures read and described at a time.
      progress: True shows a bar.

    Raises:
      InputError: if there is no such folder, or fewer than two of its pictures can be used.

    Warns:
      UserWarning: for each picture that is left out.
    """
    images = iterate_images(folder, resolution)
    bar = tqdm(
        images, total=len(pictures_of(folder)), desc="real pictures", unit="image", disable=not progress
    )
    statistics = statistics_of_images(bar, features, batch, origin=str(folder))
    if statistics is None:
        raise InputError(f"{folder}: has one picture that can be used; statistics need at least two")
    return statistics


def statistics_of_images(
    images: Iterable[np.ndarray], features: Features, batch: int, *, origin: str = "images"
) -> RealStatistics | None:
    """Describe images `[R, R, 3]` in [-1, 1], `batch` of which are held at a time; None below two.

    Args:
      images: of one size.
      features: network of the Fréchet distance.
      batch: images described at a time.
      origin: where they are from, in words.
    """
    running, rest = RunningStatistics(), iter(images)
    while some := list(itertools.islice(rest, batch)):
        running.add(descriptions(features, np.stack(some), batch))
    if running.count < 2:
        return None
    return RealStatistics(running.statistics(), running.count, features.name, origin)
