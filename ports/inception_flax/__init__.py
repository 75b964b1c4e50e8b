"""FID's InceptionV3 in Flax, with the Fréchet and kernel distances of its features."""

from inception_flax.distances import (
    FeatureStatistics,
    frechet_distance,
    frechet_distance_of_statistics,
    kernel_distance,
)
from inception_flax.files import load, read_state_dict, save
from inception_flax.network import InceptionV3
from inception_flax.running import RunningStatistics
from inception_flax.torch_names import account, from_torch, to_torch

__all__ = [
    "FeatureStatistics",
    "InceptionV3",
    "RunningStatistics",
    "account",
    "frechet_distance",
    "frechet_distance_of_statistics",
    "from_torch",
    "kernel_distance",
    "load",
    "read_state_dict",
    "save",
    "to_torch",
]
