"""Read and write FID's network in our file format."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from inception_flax.network import InceptionV3
from inception_flax.torch_names import make, to_torch
from torch_bridge import CheckpointFile
from torch_bridge.module_files import load_module, save_module, torch_state_dict

ARCHITECTURE = "inception"


def save(module: InceptionV3, path: str | Path, *, dtype: str = "float32", notes: Mapping[str, str]) -> None:
    """Write the weights as safetensors; `notes` (source, licence, ...) go into the header."""
    save_module(module, path, header={"architecture": ARCHITECTURE, **notes}, dtype=dtype)


def load(path: str | Path) -> InceptionV3:
    """Read a file of `save`.

    Raises:
      torch_bridge.CheckpointError: if the file cannot be read or holds something else.
    """
    return load_module(path, architecture=ARCHITECTURE, make=lambda _: make())


def read_state_dict(file: CheckpointFile) -> dict[str, np.ndarray]:
    """Return the state dict in PyTorch's layout, from a PyTorch file or one of ours.

    Raises:
      torch_bridge.CheckpointError: if the file holds no state dict; the message does not name the file.
    """
    return torch_state_dict(file, make, to_torch)
