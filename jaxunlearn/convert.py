"""Convert networks between PyTorch's files and ours.

Our files are safetensors with the arrays in our layout and a header: architecture, config, SHA-256 of the
source file, licence note, version of this library. Exports for PyTorch are complete state dicts.
"""

import collections
import dataclasses
import importlib.metadata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch_bridge
from jaxunlearn.catalogue import sha256
from jaxunlearn.errors import InputError
from jaxunlearn.kinds import KINDS, Kind, Network
from jaxunlearn.terminal import escaped
from torch_bridge import CheckpointError, CheckpointFile


@dataclasses.dataclass(frozen=True)
class OpenedNetwork:
    """A file that was read and recognised."""

    path: Path
    kind: Kind
    network: Network


@contextmanager
def _as_input_errors() -> Iterator[None]:
    try:
        yield
    except CheckpointError as error:
        raise InputError(str(error)) from error


def open_network(path: Path, kind: str = "auto") -> OpenedNetwork:
    """Read a file and see it as a network.

    Args:
      path: a network pickle, a PyTorch file or safetensors; no code from it is run.
      kind: the name of an entry of `KINDS`, or "auto" to recognise it by the names of its arrays.

    Raises:
      InputError: if the file cannot be read, or is not of the kind.
    """
    with _as_input_errors():
        file = torch_bridge.read_file(path)
        with torch_bridge.naming_file(path):
            found = _named(kind) if kind != "auto" else _recognised(file)
            return OpenedNetwork(Path(path), found, found.read(file))


def _named(name: str) -> Kind:
    for kind in KINDS:
        if kind.name == name:
            return kind
    raise InputError(f"unknown kind {name}; choose auto or one of {', '.join(kind.name for kind in KINDS)}")


def _recognised(file: CheckpointFile) -> Kind:
    if "architecture" in file.metadata:
        return _named(file.metadata["architecture"])
    if file.format == "pickle":
        names = torch_bridge.persistent_network(file.tree).state_dict
    else:
        names = torch_bridge.find_state_dict(file.tree)
    for kind in KINDS:
        if kind.recognises(names):
            return kind
    known = ", ".join(kind.name for kind in KINDS)
    raise CheckpointError(
        f"its arrays ({', '.join(list(names)[:3])}, …) are not those of {known}; pass --kind"
    )


def accounting_table(opened: OpenedNetwork) -> str:
    """What becomes of each key, one a line, and how many of each."""
    rows = [("key", "status", "in the file", "in the network")]
    for row in opened.network.rows:
        rows.append((escaped(row.name), row.status, _shown(row.source_shape), _shown(row.target_shape)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    counts = collections.Counter(row.status for row in opened.network.rows)
    summary = ", ".join(f"{count} {status}" for status, count in counts.most_common())
    return "\n".join([*lines, f"{opened.kind.name}: {summary}", ""])


def _shown(shape: tuple[int, ...] | None) -> str:
    return "-" if shape is None else str(list(shape))


def require_sound(opened: OpenedNetwork) -> None:
    """Check that every key is accounted for.

    Raises:
      InputError: if one is missing, unexpected, misshapen or not finite.
    """
    problems = torch_bridge.problems(opened.network.rows)
    if problems:
        raise InputError(_summary(opened, problems))


def _summary(opened: OpenedNetwork, problems: list[str]) -> str:
    more = f" (and {len(problems) - 1} more problems; --check lists all)" if len(problems) > 1 else ""
    return f"{opened.path}: does not fit {opened.kind.name}: {problems[0]}{more}"


def write_jax(opened: OpenedNetwork, target: Path) -> None:
    """Write our safetensors file.

    Raises:
      InputError: if the weights do not fit, or `target` cannot be written.
    """
    if target.suffix != ".safetensors":
        raise InputError(f"{target}: name it .safetensors, or pass --to torch for a PyTorch file")
    _refuse_overwriting(opened, target)
    require_sound(opened)
    arrays = torch_bridge.module_arrays(opened.network.build())
    with _as_input_errors():
        torch_bridge.write_safetensors(target, arrays, _header(opened))


def write_torch(opened: OpenedNetwork, target: Path) -> None:
    """Write a state dict that the official code loads with `strict=True`, as `.pth` or `.safetensors`.

    Raises:
      InputError: if the weights do not fit, or `target` cannot be written.
    """
    if target.suffix not in (".pth", ".pt", ".safetensors"):
        raise InputError(f"{target}: name it .pth or .safetensors")
    _refuse_overwriting(opened, target)
    require_sound(opened)
    state_dict = opened.network.to_torch()
    with _as_input_errors():
        if target.suffix == ".safetensors":
            torch_bridge.write_safetensors(target, state_dict, {**_header(opened), "layout": "torch"})
        else:
            torch_bridge.write_torch(target, state_dict)


def _refuse_overwriting(opened: OpenedNetwork, target: Path) -> None:
    if target.resolve() == opened.path.resolve():
        raise InputError(f"{target}: is the file that is read; name another one to write")


def _header(opened: OpenedNetwork) -> dict[str, str]:
    return {
        **opened.network.header,
        "architecture": opened.kind.name,
        "source_sha256": sha256(opened.path),
        "licence": opened.kind.licence,
        "jaxunlearn_version": importlib.metadata.version("jaxunlearn"),
    }
