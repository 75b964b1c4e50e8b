"""Read members of zip archives from outside."""

import struct
import zipfile
import zlib
from typing import BinaryIO

from torch_bridge.errors import CheckpointError, printable

ZIP_FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OSError,
)
"""Exceptions of `zipfile` for damaged archives."""

_ENCRYPTED = 0x1


def open_zip(file: BinaryIO) -> zipfile.ZipFile:
    """Open a zip archive.

    Raises:
      CheckpointError: if the archive is damaged or cut short.
    """
    try:
        return zipfile.ZipFile(file)
    except ZIP_FAULTS as error:
        raise CheckpointError(f"the zip archive is damaged or cut short ({printable(str(error))})") from error


def read_member(archive: zipfile.ZipFile, name: str, *, most: int) -> bytes:
    """Read the contents of a member.

    Args:
      archive: an open archive.
      name: of the member.
      most: largest size in bytes; a member that declares more is refused before it is unpacked.

    Raises:
      CheckpointError: if there is no such member, or it is encrypted, damaged or too large.
    """
    label = printable(name)
    try:
        info = archive.getinfo(name)
    except KeyError:
        raise CheckpointError(f"its archive has no member {label}") from None
    if info.flag_bits & _ENCRYPTED:
        raise CheckpointError(f"its member {label} is encrypted; unpack it with its password first")
    if info.file_size > most:
        raise CheckpointError(
            f"its member {label} declares {info.file_size} bytes, more than any such file has"
        )
    try:
        return archive.read(info)
    except ZIP_FAULTS as error:
        raise CheckpointError(f"its member {label} is damaged ({printable(str(error))})") from error
