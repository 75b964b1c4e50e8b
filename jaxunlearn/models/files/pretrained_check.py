"""Check that a file under a published name is what the name says."""

import warnings
from pathlib import Path

import mtcnn_flax
from eg3d_flax import GeneratorConfig
from jaxunlearn.errors import InputError, first_line
from jaxunlearn.files.numpy_arrays import map_npy
from jaxunlearn.models.files.network_files import kind_of_file
from jaxunlearn.models.files.pretrained import Entry
from jaxunlearn.models.latent_io import read_latents
from torch_bridge import CheckpointError, StateDictError

_FEATURES = 2048
"""Features of FID's network per image."""


def readability(entry: Entry, path: Path) -> str:
    """Return a line that says if a file can be read as what its name says.

    Networks are recognised by the names of their arrays. `convert --check` also checks that every array fits,
    which takes longer.

    Args:
      entry: the published file.
      path: the file under its name.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # such as settings that the file lacks; convert warns of these
            return _read_as(entry.holds, path)
    except (InputError, CheckpointError, StateDictError) as error:
        return f"CANNOT BE USED: {first_line(error)}"


def _read_as(holds: str, path: Path) -> str:
    if holds == "latent":
        read_latents(path, GeneratorConfig.ffhq512_128())
        return "readable: latents"
    if holds == "features":
        return _features(path)
    if holds == "detector":
        mtcnn_flax.load(path)
        return "readable: a detector of three networks"
    kind = kind_of_file(path).name
    if kind != holds:
        raise InputError(f"{path}: holds a network of the kind {kind}, not {holds}")
    return f"readable: a network of the kind {kind}"


def _features(path: Path) -> str:
    features = map_npy(path)
    if features.shape[1:] != (_FEATURES,):
        raise InputError(f"{path}: is not an array [N, {_FEATURES}] of features")
    return f"readable: features of {len(features)} images"
