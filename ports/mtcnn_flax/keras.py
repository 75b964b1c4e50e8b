"""Read the weights from the PyPI package `mtcnn` 1.0, the detector of EG3D's own scripts.

Its files are joblib dumps, which can run code when they are read. So a file is read only if its SHA-256 is
that of the release.
"""

import hashlib
import importlib.util
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import torch_bridge
from mtcnn_flax.networks import NetName
from mtcnn_flax.torch_names import FLATTENED, LAYOUT, channels_first
from torch_bridge import CheckpointError

_SHA256: dict[NetName, str] = {
    "pnet": "ea6b0c3e685ebee3165326ad6484acc95f2ef78f1c94fbf40a55704fa989f7b5",
    "rnet": "cb00e6460f3c98b0bfafaba3c0a0ded4bdf6e62cee7174d969e8670d7e757fee",
    "onet": "94f6ea2f4cf985275ee958cdd762d17b6009348a4fb9d8c6be39ba73ffd22ca3",
}

_NAMES: dict[NetName, tuple[str, ...]] = {
    "pnet": ("1", "prelu1", "2", "prelu2", "3", "prelu3", "conv4_2", "conv4_1"),
    "rnet": ("1", "prelu1", "2", "prelu2", "3", "prelu3", "4", "prelu4", "conv5_2", "conv5_1"),
    "onet": (
        *("1", "prelu1", "2", "prelu2", "3", "prelu3", "4", "prelu4", "5", "prelu5"),
        *("conv6_2", "conv6_3", "conv6_1"),
    ),
}
"""Layers in the order of the files; a number is a convolution or linear layer of the trunk."""


def installed_weights() -> Path | None:
    """Return the weights' folder of the installed package `mtcnn`, without running its code, or None."""
    package = importlib.util.find_spec("mtcnn")
    for location in (package.submodule_search_locations or ()) if package is not None else ():
        folder = Path(location) / "assets" / "weights"
        if all((folder / f"{net}.lz4").is_file() for net in _SHA256):
            return folder
    return None


def read_keras(data: bytes, net: NetName) -> dict[str, np.ndarray]:
    """Read the package's `pnet.lz4`, `rnet.lz4` or `onet.lz4` as a state dict in PyTorch's layout.

    Raises:
      CheckpointError: if these are not the released bytes, or a package for reading them is missing.
    """
    if hashlib.sha256(data).hexdigest() != _SHA256[net]:
        raise CheckpointError(f"{net}.lz4 is not the file of the PyPI package mtcnn 1.0.0")
    try:
        import joblib
        import lz4.frame  # noqa: F401 - joblib uses it
    except ModuleNotFoundError as error:
        raise CheckpointError(
            f"{net}.lz4 cannot be read without {error.name}: pip install 'mtcnn>=1,<2'"
        ) from error
    return from_keras(joblib.load(io.BytesIO(data)), net)


def from_keras(weights: Sequence[np.ndarray], net: NetName) -> dict[str, np.ndarray]:
    """Make a state dict of the reference's files from arrays in the order of Keras' `get_weights`.

    Keras has our layout, except that it flattens maps in the order (W, H, C).
    """
    names = []
    for layer in _NAMES[net]:
        path = f"features.conv{layer}" if layer.isdecimal() else layer
        path = f"features.{path}" if path.startswith("prelu") else path
        names += [f"{path}.weight"] if "prelu" in path else [f"{path}.weight", f"{path}.bias"]
    if len(names) != len(weights):
        raise CheckpointError(f"holds {len(weights)} arrays, but {net} has {len(names)}")
    arrays = {
        name: array.reshape(-1) if "prelu" in name else array
        for name, array in zip(names, weights, strict=True)
    }
    state_dict = torch_bridge.to_torch(arrays, LAYOUT)
    if net in FLATTENED:
        name, sizes = FLATTENED[net]
        state_dict[name] = channels_first(state_dict[name], sizes)
    return state_dict
