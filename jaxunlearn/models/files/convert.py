"""Convert networks between PyTorch's files and ours.

Our files are safetensors with the arrays in our layout and a header: architecture, config, SHA-256 of the
source file, licence note, version of this library. Exports for PyTorch are complete state dicts.
"""

import collections
import importlib.metadata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch_bridge
from jaxunlearn.errors import InputError
from jaxunlearn.models.files.network_files import OpenedNetwork
from jaxunlearn.models.files.pretrained import sha256
from jaxunlearn.terminal import escaped
from torch_bridge import CheckpointError


@contextmanager
def _as_input_errors() -> Iterator[None]:
    try:
        yield
    except CheckpointError as error:
        raise InputError(str(error)) from error


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
        raise InputError(opened.misfit(problems[0], len(problems) - 1))


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
    header = {**_header(opened), "layout": "torch"}
    with _as_input_errors():
        if target.suffix == ".safetensors":
            torch_bridge.write_safetensors(target, state_dict, header)
        else:
            torch_bridge.write_torch(target, state_dict, header)


def _refuse_overwriting(opened: OpenedNetwork, target: Path) -> None:
    if target.resolve() == opened.path.resolve():
        raise InputError(f"{target}: is the file that is read; name another one to write")


def _header(opened: OpenedNetwork) -> dict[str, str]:
    """What a file of ours says of itself; notes of its source, such as a name or a threshold, are kept."""
    notes = {name: text for name, text in opened.metadata.items() if name != "layout"}
    return {
        "licence": opened.kind.licence,
        **notes,
        **opened.network.header,
        "architecture": opened.kind.name,
        "source_sha256": sha256(opened.path),
        "jaxunlearn_version": importlib.metadata.version("jaxunlearn"),
    }
