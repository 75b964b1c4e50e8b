"""Read and write encoders in our file format."""

import dataclasses
import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from goae_flax.config import GOAEConfig, SwinConfig
from goae_flax.encoder import GOAEEncoder
from goae_flax.torch_names import make, to_torch
from torch_bridge import CheckpointFile
from torch_bridge.limits import config_of_header, with_tuples
from torch_bridge.module_files import load_module, save_module, torch_state_dict

ARCHITECTURE = "goae"


def save(module: GOAEEncoder, path: str | Path, *, dtype: str = "float32", notes: Mapping[str, str]) -> None:
    """Write weights and config as safetensors; `notes` (source, licence, ...) go into the header."""
    header = {"architecture": ARCHITECTURE, "config": config_to_json(module.config), **notes}
    save_module(module, path, header=header, dtype=dtype)


def load(path: str | Path) -> GOAEEncoder:
    """Read a file of `save`.

    Raises:
      torch_bridge.CheckpointError: if the file cannot be read or holds something else.
    """
    return load_module(path, architecture=ARCHITECTURE, make=lambda header: make(_config_of(header)))


def read_state_dict(file: CheckpointFile) -> tuple[dict[str, np.ndarray], GOAEConfig]:
    """Return the state dict in PyTorch's layout and the config, from a PyTorch file or one of ours.

    A PyTorch file has no config; it is read with the config of the released encoders.

    Raises:
      torch_bridge.CheckpointError: if the file holds no state dict; the message does not name the file.
    """
    stored = "config" in file.metadata
    config = _config_of(file.metadata) if stored else GOAEConfig.ffhq()
    return torch_state_dict(file, functools.partial(make, config), to_torch), config


def config_to_json(config: GOAEConfig) -> str:
    """Return the config as JSON for a header."""
    return json.dumps(dataclasses.asdict(config))


def _config_of(header: Mapping[str, str]) -> GOAEConfig:
    def make_config(fields: dict[str, Any]) -> GOAEConfig:
        swin = fields.pop("swin", None)
        if not isinstance(swin, dict):
            raise TypeError("it has no swin")
        return GOAEConfig(swin=SwinConfig(**with_tuples(swin)), **fields)

    return config_of_header(header, make_config)
