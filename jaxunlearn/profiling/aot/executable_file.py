"""Save and load compiled steps: a header line with the platform and versions, then JAX's serialisation.

JAX serialises an executable as a pickle, which can run code when it is read: read only files that you wrote.
The header is checked before the pickle is read.
"""

import hashlib
import importlib.metadata
import json
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypedDict

from jax.experimental import serialize_executable

from jaxunlearn.errors import InputError
from jaxunlearn.files.door import open_file, parse_json
from jaxunlearn.files.json_form import check_form
from torch_bridge import replacing

FORMAT = "jaxunlearn executable 1"
_LONGEST_HEADER = 4096
_PACKAGES = ("jax", "jaxlib")
_OF_TPU = "libtpu"


class _Header(TypedDict):
    format: str
    platform: str
    device_kind: str
    packages: dict[str, str]
    sha256: str


def save_executable(executable: Any, path: Path, *, platform: str, device_kind: str) -> None:
    """Write an executable for `load_executable`; the file appears complete or not at all.

    Args:
      executable: compiled by `compilation.compile_step`.
      path: file to write; its folder must exist.
      platform: that it runs on, as returned by `jax.default_backend()`.
      device_kind: JAX's name of the devices that it runs on.
    """
    payload = pickle.dumps(serialize_executable.serialize(executable))
    header: _Header = {
        "format": FORMAT,
        "platform": platform,
        "device_kind": device_kind,
        "packages": _versions(platform),
        "sha256": hashlib.sha256(payload).hexdigest(),
    }
    with replacing(path) as temporary:
        temporary.write_bytes(json.dumps(header).encode() + b"\n" + payload)


def load_executable(path: Path, devices: Sequence[Any]) -> Any:
    """Read a file of `save_executable`.

    Use it only for files that you wrote: reading a file can run code in it.

    Args:
      path: the file.
      devices: devices of the mesh that it was compiled for, row by row.

    Raises:
      InputError: if it is damaged or another kind of file, or was compiled for another platform or kind of
        device, or with another version of JAX or libtpu. The executable is not read then.
    """
    with open_file(path) as file:
        line = file.readline(_LONGEST_HEADER)
        _check(path, line, devices[0])
        payload = file.read()
    if hashlib.sha256(payload).hexdigest() != json.loads(line)["sha256"]:
        raise InputError(f"{path}: is damaged or cut short; compile it again")
    saved = pickle.loads(payload)
    return serialize_executable.deserialize_and_load(*saved, execution_devices=list(devices))


def _check(path: Path, line: bytes, device: Any) -> None:
    try:
        content = parse_json(line.decode(), path)
    except (UnicodeDecodeError, InputError) as error:
        raise InputError(f"{path}: was not written by jaxunlearn compile --save") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise InputError(f"{path}: was not written by this version of jaxunlearn compile --save")
    header = check_form(content, _Header, path)
    here = {"platform": device.platform, "device_kind": device.device_kind, **_versions(device.platform)}
    there = {"platform": header["platform"], "device_kind": header["device_kind"], **header["packages"]}
    for name in sorted(here.keys() | there.keys()):
        if here.get(name) != there.get(name):
            raise InputError(
                f"{path}: was compiled for {name} {there.get(name, 'none')}, not {here.get(name, 'none')}; "
                "compile it again here"
            )


def _versions(platform: str) -> dict[str, str]:
    """Return package → version of all that an executable for a platform depends on."""
    names = (*_PACKAGES, _OF_TPU) if platform == "tpu" else _PACKAGES
    versions = {}
    for name in names:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:  # libtpu may be part of the machine's image
            versions[name] = "unknown"
    return versions
