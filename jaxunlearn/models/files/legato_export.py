"""Write a generator with adapters for the official code of LEGATO."""

from pathlib import Path

import torch_bridge
from eg3d_flax import TriPlaneGenerator
from jaxunlearn.errors import InputError
from jaxunlearn.models.adapters import NOT_OFFICIAL, OWNER, adapted
from jaxunlearn.models.files.convert import refuse_overwriting, require_sound
from jaxunlearn.models.files.network_files import OpenedNetwork
from jaxunlearn.models.generator import fingerprint_of
from legato_flax import AdaptedGenerator, complete_state_dict
from torch_bridge import CheckpointError


def write_official(opened: OpenedNetwork, adapter: str | Path, target: Path) -> None:
    """Write the complete state dict that the official code loads with `strict=True`.

    PyTorch ignores the header, with which `adapted` takes the file as the generator's adapters.

    Args:
      opened: a generator.
      adapter: the file of an adapter that belongs to it.
      target: a `.pth` file.

    Raises:
      InputError: if a file does not fit, the official code would compute something else, or `target` is one
        of the files that are read or cannot be written.
    """
    if target.suffix not in (".pth", ".pt"):
        raise InputError(f"{target}: with --adapter, name it .pth")
    refuse_overwriting(target, opened.path, adapter)
    require_sound(opened)
    generator = opened.build()
    if not isinstance(generator, TriPlaneGenerator):
        raise InputError(f"{opened.path}: is no generator, which --adapter needs")
    changed = adapted(generator, [adapter])
    assert isinstance(changed, AdaptedGenerator)
    try:
        torch_bridge.write_torch(target, complete_state_dict(changed), {OWNER: fingerprint_of(generator)})
    except CheckpointError as error:
        raise InputError(str(error)) from error
    except ValueError as error:
        raise InputError(f"{adapter}: {error}; {NOT_OFFICIAL}") from error
