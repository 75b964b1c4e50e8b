"""Read and write adapters in our file format, and read those of the official code."""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

import torch_bridge
from legato_flax.adapters import Adapters
from legato_flax.config import AdaptersConfig
from legato_flax.torch_names import infer_config, is_official, make, to_torch
from torch_bridge import CheckpointError, CheckpointFile
from torch_bridge.limits import config_of_header
from torch_bridge.module_files import load_module, save_module, torch_state_dict

ARCHITECTURE = "legato"
"""Name of adapters in the header of our safetensors files."""


def save(adapters: Adapters, path: str | Path, notes: Mapping[str, str]) -> None:
    """Write weights in 32 bits and config as safetensors; `notes` (source, licence, ...) enter the header."""
    header = {"architecture": ARCHITECTURE, "config": config_to_json(adapters.config), **notes}
    save_module(adapters, path, header=header)


def load(path: str | Path) -> Adapters:
    """Read a file of `save`.

    Raises:
      torch_bridge.CheckpointError: if the file cannot be read or holds something else.
      torch_bridge.StateDictError: if its arrays do not fit its config.
    """
    return load_module(path, architecture=ARCHITECTURE, make=lambda header: make(_config_of(header)))


def read_state_dict(file: CheckpointFile) -> tuple[dict[str, np.ndarray], AdaptersConfig]:
    """Return the adapters' entries in PyTorch's layout and their config.

    Args:
      file: one of ours; a PyTorch file with these entries; or an official pickle of a whole generator, whose
        other entries are left out.

    Raises:
      torch_bridge.CheckpointError: if the file holds no adapters; the message does not name the file.
    """
    if "config" in file.metadata:
        config = _config_of(file.metadata)
        return torch_state_dict(file, lambda: make(config), to_torch), config
    network = torch_bridge.persistent_network(file.tree)
    arrays = torch_bridge.find_state_dict(file.tree) if network is None else network.state_dict
    entries = {name: array for name, array in arrays.items() if is_official(name)}
    try:
        config = infer_config(entries)
    except ValueError as error:
        raise CheckpointError(str(error)) from error
    return {_full(name): array for name, array in entries.items()}, config


def _full(name: str) -> str:
    return name if name.startswith("backbone.") else f"backbone.synthesis.{name}"


def config_to_json(config: AdaptersConfig) -> str:
    """Return the config as JSON for a header."""
    return json.dumps(dataclasses.asdict(config))


def _config_of(header: Mapping[str, str]) -> AdaptersConfig:
    return config_of_header(header, lambda fields: AdaptersConfig(**fields))
