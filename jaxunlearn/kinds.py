"""The kinds of networks that can be converted: one entry each in `KINDS`.

To add one, write a function that reads its file into a `Network` (with the imports inside, so that only the
port in use is loaded) and list it below.
"""

import dataclasses
import json
from collections.abc import Callable, Collection, Mapping

import numpy as np
from flax import nnx

from torch_bridge import CheckpointFile, Row


@dataclasses.dataclass(frozen=True)
class Network:
    """A file, seen as a network of one kind.

    Attributes:
      rows: what becomes of each key.
      header: what our file says about the network besides its architecture, such as its config as JSON.
      build: the network with the file's weights; raises `torch_bridge.StateDictError` if they do not fit.
      to_torch: the network's complete state dict under official names, in PyTorch's layout.
    """

    rows: list[Row]
    header: Mapping[str, str]
    build: Callable[[], nnx.Module]
    to_torch: Callable[[], Mapping[str, np.ndarray]]


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of network.

    Attributes:
      name: what `--kind` and the header of our files ("architecture") call it.
      recognises: whether a state dict with these names is of this kind.
      read: sees a file as a network; raises `torch_bridge.CheckpointError`, without the file's name.
      licence: what somebody who uses the released weights is bound by.
    """

    name: str
    recognises: Callable[[Collection[str]], bool]
    read: Callable[[CheckpointFile], Network]
    licence: str


def _read_generator(file: CheckpointFile) -> Network:
    import eg3d_flax
    from eg3d_flax.checkpoint import checkpoint_contents

    state_dict, config = checkpoint_contents(file)
    return Network(
        rows=eg3d_flax.account(state_dict, config),
        header={"config": json.dumps(config.to_json())},
        build=lambda: eg3d_flax.from_torch(state_dict, config),
        to_torch=lambda: eg3d_flax.to_torch(eg3d_flax.from_torch(state_dict, config)),
    )


KINDS = (
    Kind(
        "eg3d",
        recognises=lambda names: any(name.startswith("backbone.synthesis.") for name in names),
        read=_read_generator,
        licence="EG3D's released weights, and all that is trained from them: NVIDIA Source Code License, "
        "non-commercial research and evaluation only",
    ),
)
