"""Get a generator by name or from a file."""

from pathlib import Path

import jax
from flax import nnx

import torch_bridge
from eg3d_flax import GeneratorConfig, TriPlaneGenerator, from_torch
from eg3d_flax.checkpoint import read_checkpoint
from jaxunlearn.errors import InputError

RANDOM = "random"
"""Name of the small generator with random weights."""


def initialise(config: GeneratorConfig, seed: int = 0) -> TriPlaneGenerator:
    """A generator with fresh random weights, drawn in one compiled call."""

    def make() -> TriPlaneGenerator:
        return TriPlaneGenerator(config, rngs=nnx.Rngs(seed))

    graphdef, _ = nnx.split(nnx.eval_shape(make))
    return nnx.merge(graphdef, jax.jit(lambda: nnx.split(make())[1])())


def load_generator(name_or_path: str) -> TriPlaneGenerator:
    """Load a generator.

    Args:
      name_or_path: "random", or any file that `eg3d_flax.read_checkpoint` reads.

    Raises:
      InputError: if there is no such model, or its weights do not fit.
      torch_bridge.CheckpointError: if the file cannot be read.
    """
    if name_or_path == RANDOM:
        return initialise(GeneratorConfig.small())
    path = Path(name_or_path)
    if not path.exists():
        raise InputError(f"{name_or_path}: no such file, and not the name of a model ({RANDOM})")
    state_dict, config = read_checkpoint(path)
    try:
        return from_torch(state_dict, config)
    except torch_bridge.StateDictError as error:
        first, *others = str(error).splitlines()
        more = f" (and {len(others)} more; `jaxunlearn convert {path} --check` lists all)" if others else ""
        raise InputError(f"{path}: does not fit its own settings: {first}{more}") from error
