"""Run `jaxunlearn convert`: convert PyTorch files to our checkpoints and back."""

import argparse
import warnings
from pathlib import Path

from jaxunlearn.errors import InputError
from jaxunlearn.models.files import convert
from jaxunlearn.models.files.legato_export import write_official
from jaxunlearn.models.files.network_files import open_network
from jaxunlearn.terminal import say, say_lines


def run(arguments: argparse.Namespace) -> None:
    """Convert, or with --check only print the table.

    Raises:
      InputError: if the file cannot be converted, or --check found a fault.
    """
    target: Path | None = arguments.target
    if target is None and not arguments.check:
        raise InputError("name the file to write (OUT), or pass --check")
    if arguments.check and arguments.adapter:
        raise InputError("--check looks at IN alone; leave --adapter out, or give its file as IN")
    if len(arguments.adapter) > 1:
        raise InputError(
            "--adapter: the official code has one in a block; give one, or `jaxunlearn bake` them first"
        )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        opened = open_network(arguments.source, arguments.kind)
    for warning in caught:
        say(f"note: {warning.message}")
    if target is None or arguments.check:
        say_lines(convert.accounting_table(opened).rstrip("\n"))
        convert.require_sound(opened)
        return
    if arguments.adapter:
        if arguments.to != "torch":
            raise InputError("--adapter needs --to torch; without it, an adapter is a file of its own")
        [adapter] = arguments.adapter
        write_official(opened, adapter, target)
        say(f"{target}: {opened.kind.name} with adapters from {arguments.source}")
        return
    write = convert.write_torch if arguments.to == "torch" else convert.write_jax
    write(opened, target)
    say(f"{target}: {opened.kind.name} from {arguments.source}")
