"""Encoders in files of our own."""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from goae_flax.config import GOAEConfig, SwinConfig
from goae_flax.encoder import GOAEEncoder
from goae_flax.torch_names import make, to_torch
from torch_bridge import CheckpointFile
from torch_bridge.module_files import load_module, save_module, torch_state_dict

ARCHITECTURE = "goae"


def save(module: GOAEEncoder, path: str | Path, *, dtype: str = "float32", notes: Mapping[str, str]) -> None:
    """Write weights and sizes as safetensors; `notes` (source, licence, ...) go into its header."""
    header = {"architecture": ARCHITECTURE, "config": config_to_json(module.config), **notes}
    save_module(module, path, header=header, dtype=dtype)


def load(path: str | Path) -> GOAEEncoder:
    """Read a file that `save` wrote.

    Raises:
      torch_bridge.CheckpointError: if the file cannot be read or holds something else.
    """
    return load_module(
        path, architecture=ARCHITECTURE, make=lambda header: make(config_from_json(header["config"]))
    )


def read_state_dict(file: CheckpointFile) -> tuple[dict[str, np.ndarray], GOAEConfig]:
    """The state dict in PyTorch's layout and the sizes, from a PyTorch file or one of ours.

    A PyTorch file carries no sizes; those of the released encoders are taken.

    Raises:
      torch_bridge.CheckpointError: if it holds no state dict; does not name the file.
    """
    stored = "config" in file.metadata
    config = config_from_json(file.metadata["config"]) if stored else GOAEConfig.ffhq()
    return torch_state_dict(file, lambda: make(config), to_torch), config


def config_to_json(config: GOAEConfig) -> str:
    """The sizes as text for a header."""
    return json.dumps(dataclasses.asdict(config))


def config_from_json(text: str) -> GOAEConfig:
    """The inverse of `config_to_json`."""
    stored: dict[str, Any] = json.loads(text)
    swin: dict[str, Any] = stored.pop("swin")
    swin |= {name: tuple(value) for name, value in swin.items() if isinstance(value, list)}
    return GOAEConfig(swin=SwinConfig(**swin), **stored)
