"""The kinds of networks that can be converted, listed in `KINDS`.

To add a kind, write a function that reads its file into a `Network`, and list it in `KINDS`. Import inside
the function, so that only the port in use is loaded.
"""

import dataclasses
import json
from collections.abc import Callable, Collection, Mapping
from typing import Literal

import numpy as np
from flax import nnx

from torch_bridge import CheckpointFile, Row


@dataclasses.dataclass(frozen=True)
class Network:
    """The contents of a file as a network of one kind.

    Attributes:
      rows: the status of each key: read, missing, unexpected, ...
      header: header fields of our file besides the architecture, such as the config as JSON.
      build: returns the network with the file's weights; raises `torch_bridge.StateDictError` if they do not
        fit.
      to_torch: returns a state dict with official names, in PyTorch's layout, of all that the network uses;
        raises `ValueError` if the official code would compute something else.
    """

    rows: list[Row]
    header: Mapping[str, str]
    build: Callable[[], nnx.Module]
    to_torch: Callable[[], Mapping[str, np.ndarray]]


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of network.

    Attributes:
      name: for `--kind` and for "architecture" in the header of our files.
      recognises: returns True for the names of a state dict of this kind.
      read: reads a file as this kind; raises `torch_bridge.CheckpointError` without the file's name.
      licence: terms of the released weights.
      option: the option that commands take such a file with, to be named where it stands for another one.
    """

    name: str
    recognises: Callable[[Collection[str]], bool]
    read: Callable[[CheckpointFile], Network]
    licence: str
    option: str = ""


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


def _read_adapters(file: CheckpointFile) -> Network:
    import legato_flax
    from jaxunlearn.models.adapters import NOT_OFFICIAL

    state_dict, config = legato_flax.read_state_dict(file)

    def to_torch() -> Mapping[str, np.ndarray]:
        try:
            legato_flax.check_official(config)
        except ValueError as error:
            raise ValueError(f"{error}; {NOT_OFFICIAL}") from error
        return state_dict

    return Network(
        rows=legato_flax.account(state_dict, config),
        header={"config": legato_flax.config_to_json(config), **_owner_of_adapters(file)},
        build=lambda: legato_flax.from_torch(state_dict, config),
        to_torch=to_torch,
    )


def _owner_of_adapters(file: CheckpointFile) -> Mapping[str, str]:
    """Return the fingerprint of the generator that an official pickle holds beside its adapters."""
    import torch_bridge
    from eg3d_flax import from_torch
    from eg3d_flax.checkpoint import checkpoint_contents
    from jaxunlearn.models.adapters import OWNER
    from jaxunlearn.models.generator import fingerprint_of
    from legato_flax import without_adapters

    if torch_bridge.persistent_network(file.tree) is None:
        return {}
    state_dict, config = checkpoint_contents(file)
    return {OWNER: fingerprint_of(from_torch(without_adapters(state_dict), config))}


def _has_adapters(names: Collection[str]) -> bool:
    from legato_flax import is_official

    return any(is_official(name) for name in names)


def _read_lpips(file: CheckpointFile) -> Network:
    import lpips_flax

    backbone, lin, net = lpips_flax.read_state_dicts(file)
    return Network(
        rows=lpips_flax.account(backbone, lin, net),
        header={"net": net},
        build=lambda: lpips_flax.from_torch(backbone, lin, net),
        to_torch=lambda: {**backbone, **lin},
    )


def _is_lpips(names: Collection[str]) -> bool:
    import lpips_flax

    return lpips_flax.recognised_net(names) is not None


def _read_arcface(file: CheckpointFile) -> Network:
    import arcface_flax

    state_dict, config = arcface_flax.read_state_dict(file)
    return Network(
        rows=arcface_flax.account(state_dict, config),
        header={"config": arcface_flax.config_to_json(config)},
        build=lambda: arcface_flax.from_torch(state_dict, config),
        to_torch=lambda: state_dict,
    )


def _read_inception(file: CheckpointFile) -> Network:
    import inception_flax

    state_dict = inception_flax.read_state_dict(file)
    return Network(
        rows=inception_flax.account(state_dict),
        header={},
        build=lambda: inception_flax.from_torch(state_dict),
        to_torch=lambda: state_dict,
    )


def _read_goae(file: CheckpointFile) -> Network:
    import goae_flax

    state_dict, config = goae_flax.read_state_dict(file)
    return Network(
        rows=goae_flax.account(state_dict, config),
        header={"config": goae_flax.config_to_json(config)},
        build=lambda: goae_flax.from_torch(state_dict, config),
        to_torch=lambda: goae_flax.to_torch(goae_flax.from_torch(state_dict, config)),
    )


def _mtcnn_kind(net: Literal["pnet", "rnet", "onet"]) -> Kind:
    def recognises(names: Collection[str]) -> bool:
        import mtcnn_flax

        return mtcnn_flax.recognised_net(names) == net

    def read(file: CheckpointFile) -> Network:
        import mtcnn_flax

        state_dict = mtcnn_flax.read_state_dict(file, net)
        return Network(
            rows=mtcnn_flax.account(state_dict, net),
            header={},
            build=lambda: mtcnn_flax.from_torch(state_dict, net),
            to_torch=lambda: state_dict,
        )

    licence = "the same weights as facenet-pytorch 2.6.0 (MIT)"
    return Kind(f"mtcnn-{net}", recognises, read, licence)


KINDS = (
    Kind(  # before eg3d: an official file has the whole generator as well
        "legato",
        recognises=_has_adapters,
        read=_read_adapters,
        licence="the terms of the generator that it was trained for",
        option="--adapter",
    ),
    Kind(
        "eg3d",
        recognises=lambda names: any(name.startswith("backbone.synthesis.") for name in names),
        read=_read_generator,
        licence="EG3D's released weights, and all that is trained from them: NVIDIA Source Code License, "
        "non-commercial research and evaluation only",
    ),
    Kind(
        "lpips",
        recognises=_is_lpips,
        read=_read_lpips,
        licence="backbone BSD-3-Clause (torchvision), heads BSD-2-Clause (richzhang/PerceptualSimilarity)",
    ),
    Kind(
        "arcface",
        recognises=lambda names: "body.0.res_layer.0.weight" in names and "input_layer.0.weight" in names,
        read=_read_arcface,
        licence="the terms of those who published the weights; trained on faces collected for research only",
    ),
    Kind(
        "inception",
        recognises=lambda names: "Mixed_7c.branch_pool.conv.weight" in names,
        read=_read_inception,
        licence="Apache-2.0 (TensorFlow's Inception of 2015-12-05, converted by pytorch-fid)",
    ),
    Kind(
        "goae",
        recognises=lambda names: any(name.startswith(("swin_model.", "swin_base.")) for name in names),
        read=_read_goae,
        licence="no licence stated by GOAE's authors; trained on EG3D's generators (NVIDIA Source Code "
        "License, non-commercial) and FFHQ images (CC BY-NC-SA 4.0)",
    ),
    *(_mtcnn_kind(net) for net in ("pnet", "rnet", "onet")),
)
