"""Write the bundled file, and load the network from it."""

import gzip
import hashlib
import importlib.resources
import json
import tempfile
import zlib
from pathlib import Path

from flax import nnx

import torch_bridge
from dlib_flax.face_api import SHA256 as SOURCE_SHA256
from dlib_flax.network import DlibResNet
from dlib_flax.stored_weights import StoredWeights
from torch_bridge import CheckpointError, naming_file, open_regular
from torch_bridge.module_files import AS_STORED
from torch_bridge.safetensors_file import read_safetensors

BUNDLED = importlib.resources.files("dlib_flax") / "weights" / "dlib.safetensors.gz"
SHA256 = "3b48a13bf2a1909a70eeb453e764c9f5258df76e239cb8028925b7e36c5029fe"
"""Of the bundled file without its compression."""

_HEADER = {
    "architecture": "dlib-resnet29",
    "source": "npm @vladmandic/face-api 1.7.15, model/face_recognition_model.bin, without loss",
    "licence": "weights: public domain (Davis King, dlib-models); their 8-bit form: MIT (Vladimir Mandic)",
}


def load() -> DlibResNet:
    """Load the network with the bundled weights.

    Its descriptors are face-api's. The original file of dlib has float32 weights; how much the 8-bit weights
    change its descriptors was not measured.

    Raises:
      torch_bridge.CheckpointError: if the bundled file is damaged.
    """
    return network_from(bundled_weights())


def bundled_weights() -> StoredWeights:
    """Read the bundled weights.

    Raises:
      torch_bridge.CheckpointError: if the bundled file is damaged.
    """
    try:
        data = gzip.decompress(BUNDLED.read_bytes())
    except (OSError, EOFError, zlib.error) as error:
        raise CheckpointError(f"{BUNDLED}: is damaged; install the package again") from error
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "dlib.safetensors"
        path.write_bytes(data)
        return read(path)


def network_from(weights: StoredWeights) -> DlibResNet:
    """Build the network with these weights.

    Raises:
      torch_bridge.StateDictError: if arrays are missing, or have other names or shapes.
    """

    def make() -> DlibResNet:
        return DlibResNet(rngs=nnx.Rngs(0))

    targets = torch_bridge.module_shapes(make)
    arrays = torch_bridge.from_torch(weights.decoded(), targets, AS_STORED)
    return torch_bridge.module_from_arrays(make, arrays)


def read(path: str | Path) -> StoredWeights:
    """Read the bundled file without its compression.

    Raises:
      torch_bridge.CheckpointError: if the file cannot be read or has other content.
    """
    with naming_file(path):
        if digest_of(path) != SHA256:
            raise CheckpointError("is not the bundled file with dlib's weights; install the package again")
        arrays, header = read_safetensors(path)
    return StoredWeights(
        arrays, {name: (scale, smallest) for name, (scale, smallest) in json.loads(header["steps"]).items()}
    )


def digest_of(path: str | Path) -> str:
    """Return the SHA-256 of a file; the message of its `CheckpointError` does not name the file."""
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write(weights: StoredWeights, path: str | Path) -> None:
    """Write weights as the bundled file has them before `gzip -9n`; equal weights give equal bytes."""
    digests = {f"sha256 of {name}": digest for name, digest in SOURCE_SHA256.items()}
    header = {**_HEADER, **digests, "steps": json.dumps(dict(weights.steps))}
    torch_bridge.write_safetensors(path, weights.arrays, header)
