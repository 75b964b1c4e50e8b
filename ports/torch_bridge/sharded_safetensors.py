"""Read safetensors in several files by their index, a file in the same folder."""

import json
import re
from pathlib import Path, PurePath, PureWindowsPath
from typing import Any

import numpy as np

from torch_bridge.errors import CheckpointError, naming_file, printable
from torch_bridge.opening import open_regular
from torch_bridge.safetensors_file import read_safetensors

_INDEX_SUFFIX = ".safetensors.index.json"
_LARGEST_INDEX = 64 * 2**20
_SHARD = re.compile(r"(?P<stem>.+)-(?P<part>\d+)-of-(?P<parts>\d+)\.safetensors", re.ASCII)


def is_index(path: Path) -> bool:
    """True if a file has the name of an index of safetensors in several files."""
    return path.name.endswith(_INDEX_SUFFIX)


def refuse_shard(path: Path) -> None:
    """Refuse a file that holds only a part of a network.

    Raises:
      CheckpointError: if the file is such a part; the message names the index to use instead.
    """
    shard = _SHARD.fullmatch(path.name)
    if shard is not None and int(shard["parts"]) > 1:
        raise CheckpointError(
            f"is part {int(shard['part'])} of {int(shard['parts'])} of a network; "
            f"give {shard['stem']}{_INDEX_SUFFIX} instead, which names all parts"
        )


def read_shards(path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Read name → array from all files of an index, and the metadata of the first file that has some.

    Raises:
      CheckpointError: if the index or a file is damaged, a file or an array is missing, or the index names
        files in other folders. The message does not name the index.
    """
    places = _weight_map(path)
    arrays: dict[str, np.ndarray] = {}
    metadata: dict[str, str] = {}
    for file in dict.fromkeys(places.values()):
        with naming_file(file):
            open_regular(path.parent / file).close()
            part, header = read_safetensors(path.parent / file)
        metadata = metadata or header
        arrays |= {name: array for name, array in part.items() if places.get(name) == file}
    missing = [name for name in places if name not in arrays]
    if missing:
        raise CheckpointError(f"{printable(missing[0])} is not in {printable(places[missing[0]])}")
    return arrays, metadata


def _weight_map(path: Path) -> dict[str, str]:
    with open_regular(path) as file:
        content = file.read(_LARGEST_INDEX + 1)
    if len(content) > _LARGEST_INDEX:
        raise CheckpointError("is larger than any index of safetensors files")
    try:
        index: Any = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise CheckpointError("is not readable as JSON") from error
    places = index.get("weight_map") if isinstance(index, dict) else None
    if not isinstance(places, dict) or not places:
        raise CheckpointError("has no weight_map, so it is not an index of safetensors files")
    for file in places.values():
        if not isinstance(file, str) or not _is_plain_name(file):
            raise CheckpointError(f"names {printable(file)}, which is not a file in its folder")
    return places


def _is_plain_name(file: str) -> bool:
    return (
        bool(file) and file not in (".", "..") and file == PurePath(file).name == PureWindowsPath(file).name
    )
