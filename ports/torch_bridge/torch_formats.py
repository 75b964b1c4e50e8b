"""Read the two formats of `torch.save`: a zip archive, and several pickles in a row before version 1.6."""

import io
import json
import zipfile
from typing import Any, BinaryIO

from torch_bridge import pickle_machine, vocabulary
from torch_bridge.errors import CheckpointError, printable
from torch_bridge.pickle_machine import Builder, Source
from torch_bridge.records import Global, Storage
from torch_bridge.torch_records import storage_from_id
from torch_bridge.zip_member import ZIP_FAULTS

ZIP_MAGIC = b"PK\x03\x04"
LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_PROTOCOL = 1001
_OF_TORCHSCRIPT = "constants.pkl"
HEADER_MEMBER = "header.json"
"""Member of the archive for our header, which PyTorch ignores."""


def read_zip(file: BinaryIO) -> tuple[Any, dict[str, str]]:
    """Read the tree in a zip archive, and the header that `write_torch` may have added.

    PyTorch stores members uncompressed, so the declared sizes together cannot exceed the size of the file.
    Larger sizes are refused before memory is allocated.

    Raises:
      CheckpointError: if the archive is damaged or not PyTorch's, or its pickle is refused.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            return _read_archive(archive, file.seek(0, io.SEEK_END))
    except CheckpointError:
        raise
    except ZIP_FAULTS as error:
        raise CheckpointError(f"the zip archive is damaged or cut short ({printable(str(error))})") from error


def _read_archive(archive: zipfile.ZipFile, file_size: int) -> tuple[Any, dict[str, str]]:
    roots = [name for name in archive.namelist() if name.count("/") == 1 and name.endswith("/data.pkl")]
    if len(roots) != 1:
        raise CheckpointError("a zip archive, but not a PyTorch checkpoint (it has no data.pkl)")
    folder = roots[0].removesuffix("data.pkl")
    if folder + _OF_TORCHSCRIPT in archive.namelist():
        raise CheckpointError(
            "is a TorchScript archive; load it with torch.jit.load and save its state_dict with torch.save"
        )
    remaining = file_size

    def member(name: str) -> bytes:
        nonlocal remaining
        try:
            info = archive.getinfo(folder + name)
        except KeyError:
            raise CheckpointError(f"its archive has no member {printable(name)}") from None
        if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size:
            raise CheckpointError(f"its archive holds {printable(name)} compressed, which PyTorch never does")
        if info.file_size > remaining:
            raise CheckpointError(
                f"its archive declares {info.file_size} bytes for {printable(name)}, more than the file has"
            )
        remaining -= info.file_size
        return archive.read(info)

    little_endian = True
    if folder + "byteorder" in archive.namelist():
        little_endian = member("byteorder").strip() != b"big"
    contents: dict[str, bytes] = {}

    def persistent_load(identifier: Any) -> Storage:
        key, storage = storage_from_id(identifier)
        if key not in contents:
            contents[key] = member(f"data/{key}")
        storage.fill(contents[key], little_endian)
        return storage

    tree = pickle_machine.load(io.BytesIO(member("data.pkl")), vocabulary.builder, persistent_load)
    has_header = folder + HEADER_MEMBER in archive.namelist()
    return tree, _header(member(HEADER_MEMBER)) if has_header else {}


def _header(content: bytes) -> dict[str, str]:
    try:
        header = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"its {HEADER_MEMBER} is not readable as JSON") from error
    if not isinstance(header, dict) or not all(isinstance(value, str) for value in header.values()):
        raise CheckpointError(f"its {HEADER_MEMBER} does not hold texts by name")
    return header


def read_legacy(source: Source) -> Any:
    """Read the tree that follows the magic number of a legacy file.

    The magic number is followed by four pickles: protocol version, facts about the writing machine, the tree,
    and the keys of the storages. Then follow the length and the bytes of each storage.

    Raises:
      CheckpointError: if the file is damaged or its pickle is refused.
    """
    if pickle_machine.load(source, vocabulary.builder) != _LEGACY_PROTOCOL:
        raise CheckpointError("its version of PyTorch's legacy format is unknown")
    system = pickle_machine.load(source, vocabulary.builder)
    little_endian = not isinstance(system, dict) or bool(system.get("little_endian", True))
    waiting: dict[str, list[Storage]] = {}

    def persistent_load(identifier: Any) -> Any:
        key, storage = storage_from_id(identifier)
        waiting.setdefault(key, []).append(storage)
        return storage

    tree = pickle_machine.load(source, vocabulary.builder, persistent_load)
    keys = pickle_machine.load(source, vocabulary.builder)
    if not isinstance(keys, list) or set(map(str, keys)) != waiting.keys() or len(keys) != len(waiting):
        raise CheckpointError("the list of its storages does not fit its tensors")
    for key in keys:
        storages = waiting[str(key)]
        _fill_from(source, storages, little_endian)
    return tree


def _fill_from(source: Source, storages: list[Storage], little_endian: bool) -> None:
    header = source.read(8)
    if len(header) != 8:
        raise CheckpointError("the file is cut short: a storage is missing")
    count = int.from_bytes(header, "little" if little_endian else "big", signed=True)
    first = storages[0]
    if count != first.count:
        raise CheckpointError(f"a storage has {count} elements, but {first.count} were declared")
    size = count * first.itemsize
    data = source.read(size)
    if len(data) != size:
        raise CheckpointError(f"the file is cut short: {len(data)} of {size} bytes of a storage remain")
    for storage in storages:
        storage.fill(data, little_endian)


def read_pickle(source: Source) -> tuple[bool, Any]:
    """Read a plain pickle, such as NVIDIA's networks, or a legacy file, which starts with a magic number.

    Returns:
      True for a legacy file, and the tree.

    Raises:
      CheckpointError: if the pickle is damaged or refused.
    """
    tree = pickle_machine.load(source, _builder_with_embedded_storages)
    if type(tree) is int and tree == LEGACY_MAGIC:
        return True, read_legacy(source)
    return False, tree


def _builder_with_embedded_storages(name: Global) -> Builder:
    if name == Global("torch.storage", "_load_from_bytes"):
        return _load_from_bytes
    return vocabulary.builder(name)


def _load_from_bytes(args: tuple[Any, ...]) -> Storage:
    """Read a storage that was saved as a small file inside a plain pickle."""
    match args:
        case (bytes() as data,):
            pass
        case _:
            raise CheckpointError("its pickle holds a malformed embedded storage")
    source = io.BytesIO(data)
    if data.startswith(ZIP_MAGIC):
        tree, _ = read_zip(source)
    else:
        if pickle_machine.load(source, vocabulary.builder) != LEGACY_MAGIC:
            raise CheckpointError("its pickle holds an embedded storage of unknown format")
        tree = read_legacy(source)
    if not isinstance(tree, Storage):
        raise CheckpointError("its pickle holds an embedded file that is not a storage")
    return tree
