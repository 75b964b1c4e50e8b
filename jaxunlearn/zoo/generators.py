"""Generators in safetensors files of our own, and the bundled one."""

import json
from collections.abc import Mapping
from importlib import resources
from os import PathLike
from pathlib import Path

from flax import nnx

from eg3d_flax import GeneratorConfig, TriPlaneGenerator
from jaxunlearn.errors import InputError
from torch_bridge.module_files import load_module, save_module

ARCHITECTURE = "eg3d"
BUNDLED = ("heads",)


def save_generator(
    path: Path, generator: TriPlaneGenerator, notes: Mapping[str, str], *, dtype: str = "float32"
) -> None:
    """Write weights in our layout, with a header of architecture, config and `notes`.

    Args:
      path: a `.safetensors` file; it appears complete or not at all.
      generator: what to write.
      notes: source, licence, seed, ...
      dtype: "float32", or "float16" for half the size.
    """
    header = {"architecture": ARCHITECTURE, "config": json.dumps(generator.config.to_json()), **notes}
    save_module(generator, path, header=header, dtype=dtype)


def load_generator(name_or_path: str | PathLike[str] = "heads") -> TriPlaneGenerator:
    """A bundled generator by its name, or one that `save_generator` or `convert` wrote, in float32.

    Raises:
      InputError: if there is no such file, or it holds something else.
    """

    def untrained(header: Mapping[str, str]) -> TriPlaneGenerator:
        return TriPlaneGenerator(GeneratorConfig.from_json(json.loads(header["config"])), rngs=nnx.Rngs(0))

    if name_or_path in BUNDLED:
        with resources.as_file(resources.files("jaxunlearn.zoo") / f"{name_or_path}.safetensors") as path:
            return load_module(path, architecture=ARCHITECTURE, make=untrained)
    path = Path(name_or_path)
    if not path.is_file():
        raise InputError(f"{path}: no such file, and no bundled generator ({', '.join(BUNDLED)})")
    try:
        return load_module(path, architecture=ARCHITECTURE, make=untrained)
    except ValueError as error:
        raise InputError(str(error)) from error
