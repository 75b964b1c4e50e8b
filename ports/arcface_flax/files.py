"""Read and write face recognition networks in our file format."""

import dataclasses
import functools
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

import torch_bridge
from arcface_flax.config import ArcFaceConfig
from arcface_flax.network import ArcFace
from arcface_flax.torch_names import make, to_torch
from torch_bridge import CheckpointFile
from torch_bridge.limits import config_of_header
from torch_bridge.module_files import load_module, save_module, torch_state_dict

ARCHITECTURE = "arcface"


def save(module: ArcFace, path: str | Path, *, dtype: str = "float32", notes: Mapping[str, str]) -> None:
    """Write weights and config as safetensors; `notes` (source, licence, ...) go into the header."""
    header = {"architecture": ARCHITECTURE, "config": config_to_json(module.config), **notes}
    save_module(module, path, header=header, dtype=dtype)


def load(path: str | Path) -> ArcFace:
    """Read a file of `save`.

    Raises:
      torch_bridge.CheckpointError: if the file cannot be read or holds something else.
    """
    return load_module(path, architecture=ARCHITECTURE, make=lambda header: make(_config_of(header)))


def read_state_dict(file: CheckpointFile) -> tuple[dict[str, np.ndarray], ArcFaceConfig]:
    """Return the state dict in PyTorch's layout and the config, from a PyTorch file or one of ours.

    A PyTorch file has no config: with squeeze-and-excitation it is read as IR-SE50, otherwise as IR-101.

    Raises:
      torch_bridge.CheckpointError: if the file holds no state dict; the message does not name the file.
    """
    if "config" in file.metadata:
        config = _config_of(file.metadata)
    else:
        excited = "body.0.res_layer.5.fc1.weight" in torch_bridge.find_state_dict(file.tree)
        config = ArcFaceConfig.ir_se50() if excited else ArcFaceConfig.ir_101()
    return torch_state_dict(file, functools.partial(make, config), to_torch), config


def config_to_json(config: ArcFaceConfig) -> str:
    """Return the config as JSON for a header."""
    return json.dumps(dataclasses.asdict(config))


def _config_of(header: Mapping[str, str]) -> ArcFaceConfig:
    return config_of_header(header, lambda fields: ArcFaceConfig(**fields))
