"""Encoders in files of our own."""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from goae_flax.config import GOAEConfig, SwinConfig
from goae_flax.encoder import GOAEEncoder
from goae_flax.torch_names import make
from torch_bridge.module_files import load_module, save_module

ARCHITECTURE = "goae"


def save(module: GOAEEncoder, path: str | Path, *, dtype: str = "float32", notes: Mapping[str, str]) -> None:
    """Write weights and sizes as safetensors; `notes` (source, licence, ...) go into its header."""
    config = json.dumps(dataclasses.asdict(module.config))
    save_module(module, path, header={"architecture": ARCHITECTURE, "config": config, **notes}, dtype=dtype)


def load(path: str | Path) -> GOAEEncoder:
    """Read a file that `save` wrote.

    Raises:
      torch_bridge.CheckpointError: if the file cannot be read or holds something else.
    """
    return load_module(path, architecture=ARCHITECTURE, make=lambda header: make(_config(header["config"])))


def _config(text: str) -> GOAEConfig:
    stored: dict[str, Any] = json.loads(text)
    swin: dict[str, Any] = stored.pop("swin")
    swin |= {name: tuple(value) for name, value in swin.items() if isinstance(value, list)}
    return GOAEConfig(swin=SwinConfig(**swin), **stored)
