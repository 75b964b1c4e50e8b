"""Read and write files of statistics of real images.

features.npy    raw features [N, F], such as GUIDE's ffhq_real_feat.npy; a part at a time is read
statistics.npz  mean [F] and covariance [F, F], as `mu` and `sigma` (pytorch-fid) or `mean` and `covariance`;
                ours has `number` (of images) and `network` (name of the features' network), too
"""

from pathlib import Path
from typing import Any

import numpy as np

from inception_flax import FeatureStatistics, RunningStatistics
from jaxunlearn.errors import InputError
from jaxunlearn.evaluation.real_images.real_statistics import RealStatistics
from jaxunlearn.files.numpy_arrays import map_npy, read_npz, write_npz

SUFFIXES = (".npy", ".npz")

_NAMES = (("mean", "covariance"), ("mu", "sigma"))
_ROWS = 4096
"""Features that are read at a time."""
_ASYMMETRY = 1e-6
"""Largest asymmetry of a covariance, relative to its largest number."""


def read_statistics(path: Path, size: int, network: str) -> RealStatistics:
    """Read features or statistics.

    Args:
      path: .npy or .npz, see the module.
      size: `F` of the network of this evaluation.
      network: its name. A file that names another is refused; of most files it is not known.

    Raises:
      InputError: if the file cannot be read, or does not fit the network.
    """
    statistics = _of_features(path, size) if path.suffix.lower() == ".npy" else _stored(path, size)
    if statistics.network not in (None, network):
        raise InputError(f"{path}: has features of {statistics.network}, but this evaluation uses {network}")
    return statistics


def write_statistics(path: Path, real: RealStatistics) -> None:
    """Write statistics as .npz; the file appears complete or not at all."""
    arrays: dict[str, Any] = {"mean": real.statistics.mean, "covariance": real.statistics.covariance}
    for name, value in (("number", real.number), ("network", real.network)):
        if value is not None:
            arrays[name] = np.array(value)
    write_npz(path, **arrays)


def _of_features(path: Path, size: int) -> RealStatistics:
    features = map_npy(path)
    if features.dtype.kind not in "fiu" or features.ndim != 2 or features.shape[1] != size:
        raise InputError(
            f"{path}: holds {features.dtype} of shape {list(features.shape)}; the features of this "
            f"evaluation's network are [N, {size}]"
        )
    if len(features) < 2:
        raise InputError(f"{path}: holds features of {len(features)} images; statistics need at least two")
    running = RunningStatistics()
    for first in range(0, len(features), _ROWS):
        rows = np.asarray(features[first : first + _ROWS], np.float64)
        if not np.isfinite(rows).all():
            raise InputError(f"{path}: contains NaN or infinity")
        running.add(rows)
    return RealStatistics(running.statistics(), running.count, None, path.name)


def _stored(path: Path, size: int) -> RealStatistics:
    arrays = read_npz(path)
    names = next((names for names in _NAMES if set(names) <= set(arrays)), None)
    if names is None:
        present = ", ".join(sorted(arrays)) or "nothing"
        raise InputError(f"{path}: expected the arrays mu and sigma, or mean and covariance; found {present}")
    mean, covariance = (_numbers(path, name, arrays[name]) for name in names)
    if mean.shape != (size,) or covariance.shape != (size, size):
        raise InputError(
            f"{path}: {names[0]} and {names[1]} have the shapes {list(mean.shape)} and "
            f"{list(covariance.shape)}; this evaluation's network has {size} features"
        )
    largest = np.abs(covariance).max()
    if np.abs(covariance - covariance.T).max() > _ASYMMETRY * largest or covariance.diagonal().min() < 0:
        raise InputError(f"{path}: {names[1]} is not a covariance: it is not symmetric, or has less than 0")
    number, network = arrays.get("number"), arrays.get("network")
    return RealStatistics(
        FeatureStatistics(mean, covariance),
        int(number) if number is not None and number.shape == () and number.dtype.kind in "iu" else None,
        str(network) if network is not None and network.shape == () and network.dtype.kind == "U" else None,
        path.name,
    )


def _numbers(path: Path, name: str, array: np.ndarray) -> np.ndarray:
    if array.dtype.kind not in "fiu":
        raise InputError(f"{path}: {name} must be numbers, not {array.dtype}")
    numbers = np.asarray(array, np.float64)
    if not np.isfinite(numbers).all():
        raise InputError(f"{path}: {name} contains NaN or infinity")
    return numbers
