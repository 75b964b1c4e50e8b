"""Read the weights as the npm package `@vladmandic/face-api` 1.7.15 publishes them.

`model/face_recognition_model.bin` holds all arrays one after another, and the manifest beside it says how.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dlib_flax.stored_weights import StoredWeights
from torch_bridge import CheckpointError, naming_file, open_regular

MANIFEST = "face_recognition_model-weights_manifest.json"
DATA = "face_recognition_model.bin"
SHA256 = {
    MANIFEST: "cbaffa501b0b9275a12b63357a6843e7e30c054e1c9151e1a5f879b26e32986b",
    DATA: "b413e420d6840b2775fba32008db6f3cddb07d485967fb42cfcf379c16a8c589",
}


def read_face_api(folder: str | Path) -> StoredWeights:
    """Read the package's two files.

    Args:
      folder: the folder `model` of the package, or another one with these two files.

    Raises:
      torch_bridge.CheckpointError: if a file cannot be read or is not the published one.
    """
    manifest, data = (_published(Path(folder) / name) for name in (MANIFEST, DATA))
    (group,) = json.loads(manifest)
    return parse(group["weights"], data)


def _published(path: Path) -> bytes:
    with naming_file(path):
        with open_regular(path) as file:
            data = file.read()
        if hashlib.sha256(data).hexdigest() != SHA256[path.name]:
            raise CheckpointError("is not the file of @vladmandic/face-api 1.7.15; download it again")
        return data


def parse(entries: Sequence[Mapping[str, Any]], data: bytes) -> StoredWeights:
    """Take the arrays out of the data.

    Args:
      entries: arrays in the order of the data, as in the manifest. An entry with `quantization` has one byte
        a number, an entry without it a float32.
      data: the content of the `.bin` file.

    Raises:
      torch_bridge.CheckpointError: if the data are longer or shorter than the entries say.
    """
    arrays, steps, start = {}, {}, 0
    for entry in entries:
        name = entry["name"].replace("/", ".")
        dtype = np.dtype("<f4")
        if "quantization" in entry:
            dtype = np.dtype(np.uint8)
            steps[name] = (entry["quantization"]["scale"], entry["quantization"]["min"])
        end = start + int(np.prod(entry["shape"])) * dtype.itemsize
        if end > len(data):
            raise CheckpointError(f"the data end inside {name}")
        arrays[name] = np.frombuffer(data[start:end], dtype).reshape(entry["shape"])
        start = end
    if start != len(data):
        raise CheckpointError(f"the data have {len(data)} bytes, but the arrays only {start}")
    return StoredWeights(arrays, steps)
