"""`jaxunlearn convert`: PyTorch files to our checkpoints and back."""

import argparse
import warnings
from pathlib import Path
from typing import Any

from jaxunlearn.cli.options import local_path
from jaxunlearn.terminal import say, say_lines

_DESCRIPTION = """\
Convert a network between PyTorch's files and ours.

IN may be a network pickle of NVIDIA's code base (.pkl), a PyTorch file (.pt, .pth) or safetensors; its
content decides, not its name. A name that is not here is looked for where `jaxunlearn models` looks. No code
from the file is run. OUT becomes a safetensors file whose header names the architecture, the settings, the
source file's SHA-256 and the licence note.
"""
_EXAMPLES = """\
examples:
  jaxunlearn convert ffhqrebalanced512-128.pkl ffhq.safetensors
  jaxunlearn convert ffhqrebalanced512-128.pkl --check
  jaxunlearn convert unlearned.safetensors unlearned.pth --to torch
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments shared with `tools/convert_weights.py`."""
    parser.description, parser.epilog = _DESCRIPTION, _EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("source", metavar="IN", type=local_path, help="file to read")
    parser.add_argument("target", metavar="OUT", type=local_path, nargs="?", help="file to write")
    parser.add_argument("--kind", default="auto", help="kind of network; auto recognises it by its names")
    parser.add_argument("--check", action="store_true", help="print what becomes of each key; write nothing")
    parser.add_argument(
        "--to",
        choices=("jax", "torch"),
        default="jax",
        help="torch: a complete state dict for the official code, .pth or .safetensors by the name of OUT",
    )
    parser.set_defaults(run=run)


def add_parser(subparsers: Any) -> None:
    """Register the subcommand."""
    add_arguments(subparsers.add_parser("convert", help="PyTorch files to our checkpoints and back"))


def run(arguments: argparse.Namespace) -> None:
    """Convert, or with --check only print the table.

    Raises:
      InputError: if the file cannot be converted, or --check found a fault.
    """
    from jaxunlearn.errors import InputError
    from jaxunlearn.models.files import convert
    from jaxunlearn.models.files.network_files import open_network

    target: Path | None = arguments.target
    if target is None and not arguments.check:
        raise InputError("name the file to write (OUT), or pass --check")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        opened = open_network(arguments.source, arguments.kind)
    for warning in caught:
        say(f"note: {warning.message}")
    if target is None or arguments.check:
        say_lines(convert.accounting_table(opened).rstrip("\n"))
        convert.require_sound(opened)
        return
    write = convert.write_torch if arguments.to == "torch" else convert.write_jax
    write(opened, target)
    say(f"{target}: {opened.kind.name} from {arguments.source}")
