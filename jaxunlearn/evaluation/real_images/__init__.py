"""Statistics of real images, for ΔFID_real: from a folder, a batch at a time, or from a file."""

from jaxunlearn.evaluation.real_images.real_statistics import RealStatistics
from jaxunlearn.evaluation.real_images.source import read_real
from jaxunlearn.evaluation.real_images.statistics_files import read_statistics, write_statistics
from jaxunlearn.evaluation.real_images.streaming import statistics_of_folder, statistics_of_images

__all__ = [
    "RealStatistics",
    "read_real",
    "read_statistics",
    "statistics_of_folder",
    "statistics_of_images",
    "write_statistics",
]
