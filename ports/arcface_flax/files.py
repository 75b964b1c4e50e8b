"""Face recognition networks in files of our own."""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from arcface_flax.config import ArcFaceConfig
from arcface_flax.network import ArcFace
from arcface_flax.torch_names import make
from torch_bridge.module_files import load_module, save_module

ARCHITECTURE = "arcface"


def save(module: ArcFace, path: str | Path, *, dtype: str = "float32", notes: Mapping[str, str]) -> None:
    """Write weights and sizes as safetensors; `notes` (source, licence, ...) go into its header."""
    config = json.dumps(dataclasses.asdict(module.config))
    save_module(module, path, header={"architecture": ARCHITECTURE, "config": config, **notes}, dtype=dtype)


def load(path: str | Path) -> ArcFace:
    """Read a file that `save` wrote.

    Raises:
      torch_bridge.CheckpointError: if the file cannot be read or holds something else.
    """
    return load_module(path, architecture=ARCHITECTURE, make=_make_stored)


def _make_stored(header: Mapping[str, str]) -> ArcFace:
    stored: dict[str, Any] = json.loads(header["config"])
    stored |= {name: tuple(value) for name, value in stored.items() if isinstance(value, list)}
    return make(ArcFaceConfig(**stored))
