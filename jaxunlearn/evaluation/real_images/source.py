"""Find out what `--real` names: a folder of pictures, or a file of statistics."""

import os
from pathlib import Path

from jaxunlearn.errors import InputError
from jaxunlearn.evaluation.features import Features, feature_size
from jaxunlearn.evaluation.real_images.real_statistics import RealStatistics
from jaxunlearn.evaluation.real_images.statistics_files import SUFFIXES, read_statistics
from jaxunlearn.evaluation.real_images.streaming import statistics_of_folder


def read_real(
    source: Path, resolution: int, features: Features, batch: int, *, progress: bool = True
) -> RealStatistics:
    """Return the statistics of real images.

    Args:
      source: a folder of pictures, see `statistics_of_folder`; or a file, see `statistics_files`.
      resolution: pixels along each side of the generator's images.
      features: network of the Fréchet distance.
      batch: pictures described at a time.
      progress: True shows a bar.

    Raises:
      InputError: if there is no such folder or file, or it cannot be used.
    """
    if not os.path.isdir(source):  # Path.is_dir fails for a name that is too long
        if source.suffix.lower() not in SUFFIXES:
            raise InputError(f"{source}: no such folder, and not a file of statistics (.npy or .npz)")
        return read_statistics(source, feature_size(features, resolution), features.name)
    return statistics_of_folder(source, resolution, features, batch, progress=progress)
