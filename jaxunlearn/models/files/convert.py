"""Convert networks between PyTorch files and our files.

Our files are safetensors with arrays in our layout. Their header has the architecture, config, SHA-256 of the
source file, licence, and version of this library.

Exports for PyTorch have the official names and layout. The official code loads them with `strict=True`, but
for three kinds. FID's Inception comes without its classifier, which FID does not use. LPIPS is one file with
the entries of two networks, its backbone and its heads. Adapters alone come without their generator.
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
    """Return a table with the status of each key, and a last line with the count of each status."""
    rows = [("key", "status", "in the file", "in the network")]
    for row in opened.network.rows:
        rows.append(
            (escaped(row.name), row.status, _shape_text(row.source_shape), _shape_text(row.target_shape))
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    counts = collections.Counter(row.status for row in opened.network.rows)
    summary = ", ".join(f"{count} {status}" for status, count in counts.most_common())
    return "\n".join([*lines, f"{opened.kind.name}: {summary}", ""])


def _shape_text(shape: tuple[int, ...] | None) -> str:
    return "-" if shape is None else str(list(shape))


def require_sound(opened: OpenedNetwork) -> None:
    """Check that the file has exactly the keys of the network.

    Raises:
      InputError: if a key is missing or unexpected, or its array has a wrong shape or is not finite.
    """
    problems = torch_bridge.problems(opened.network.rows)
    if problems:
        raise InputError(opened.misfit(problems[0], len(problems) - 1))


def write_jax(opened: OpenedNetwork, target: Path) -> None:
    """Write a network as a safetensors file in our layout.

    Raises:
      InputError: if the weights do not fit, or `target` cannot be written.
    """
    if target.suffix != ".safetensors":
        raise InputError(f"{target}: name it .safetensors, or pass --to torch for a PyTorch file")
    refuse_overwriting(target, opened.path)
    require_sound(opened)
    arrays = torch_bridge.module_arrays(opened.network.build())
    with _as_input_errors():
        torch_bridge.write_safetensors(target, arrays, _header(opened))


def write_torch(opened: OpenedNetwork, target: Path) -> None:
    """Write a state dict with official names in PyTorch's layout, as `.pth` or `.safetensors`.

    Raises:
      InputError: if the weights do not fit, the official code would compute something else, or `target`
        cannot be written.
    """
    if target.suffix not in (".pth", ".pt", ".safetensors"):
        raise InputError(f"{target}: name it .pth or .safetensors")
    refuse_overwriting(target, opened.path)
    require_sound(opened)
    try:
        state_dict = opened.network.to_torch()
    except ValueError as error:
        raise InputError(f"{opened.path}: {error}") from error
    header = {**_header(opened), "layout": "torch"}
    with _as_input_errors():
        if target.suffix == ".safetensors":
            torch_bridge.write_safetensors(target, state_dict, header)
        else:
            torch_bridge.write_torch(target, state_dict, header)


def refuse_overwriting(target: Path, *sources: str | Path) -> None:
    """Check that a file to be written is none of the files that are read.

    Raises:
      InputError: if it is one of them.
    """
    if target.resolve() in [Path(source).resolve() for source in sources]:
        raise InputError(f"{target}: is a source file; choose another target")


def _header(opened: OpenedNetwork) -> dict[str, str]:
    """Return the header of our file; notes of the source, such as a name or a threshold, are kept."""
    notes = {name: text for name, text in opened.metadata.items() if name != "layout"}
    return {
        "licence": opened.kind.licence,
        **notes,
        **opened.network.header,
        "architecture": opened.kind.name,
        "source_sha256": sha256(opened.path),
        "jaxunlearn_version": importlib.metadata.version("jaxunlearn"),
    }
