"""Run `jaxunlearn reproduce`: make a table of a paper."""

import argparse
import functools
import os
from pathlib import Path

from jaxunlearn.cli.readers import inverting_of, mesh_of, models_of, read_config, set_by
from jaxunlearn.errors import InputError
from jaxunlearn.evaluation.evaluate import features_for
from jaxunlearn.evaluation.real_images import read_real
from jaxunlearn.files.paths import check_writable
from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.models.loading import Models
from jaxunlearn.terminal import say, say_lines
from jaxunlearn.workflows.reproduce import Whose, reproduce
from jaxunlearn.workflows.reproduce.declaration import IN_DOMAIN, OUT_OF_DOMAIN, RANDOM, Table
from jaxunlearn.workflows.reproduce.folder import MARKDOWN, PAGE, check_free
from jaxunlearn.workflows.reproduce.plan import chosen_rows
from jaxunlearn.workflows.reproduce.tables import listed, table_of

_PEOPLE = 10
"""People of the column Random, where no number is given."""


def run(arguments: argparse.Namespace) -> None:
    """Make a table, or list all.

    Raises:
      InputError: if an argument, a file or a setting cannot be used; before the long part.
      Interrupted: after Ctrl-C.
    """
    if arguments.list:
        say_lines("\n".join(listed()))
        return
    if arguments.table is None:
        raise InputError("name a table, such as guide-1; jaxunlearn reproduce --list shows all")
    table = table_of(arguments.table)
    names = arguments.rows.split(",") if arguments.rows else []
    numbers = arguments.numbers or []
    rows = chosen_rows(table, names, numbers)
    out = arguments.out or Path("tables") / table.name
    check_writable(out)
    check_free(out, table.name)
    _check_given(arguments)
    mesh = mesh_of(arguments)
    models = models_of(arguments)
    whose = _whose(arguments, table, max(row.people for row in rows), models)
    features = features_for(models.generator.config, arguments.inception)
    real = None
    if arguments.real is not None:
        real = read_real(arguments.real, models.generator.config.img_resolution, features, batch=4)
    reproduce(
        models,
        table.name,
        out,
        whose,
        base=arguments.preset,
        rows=names,
        numbers=numbers,
        change=functools.partial(_changed, arguments),
        features=features,
        real=real,
        mesh=mesh,
        tell=say,
    )
    _say_result(table, out)


def _check_given(arguments: argparse.Namespace) -> None:
    """Refuse photos and sets that are not there, before models are loaded.

    Raises:
      InputError: naming the option.
    """
    for name in ("in_domain", "out_of_domain", "retain_in_domain", "retain_out_of_domain", "real"):
        path = getattr(arguments, name)
        if path is not None and not str(path).startswith("tfds:") and not os.path.exists(path):
            raise InputError(f"--{name.replace('_', '-')} {path}: no such file or folder")


def _whose(arguments: argparse.Namespace, table: Table, most: int, models: Models) -> Whose:
    """Return whose pictures fill the columns.

    Without photos, the bundled model's people stand for those of a table that is printed without Random:
    their other photos can be rendered.

    Args:
      arguments: those of the command.
      table: the table.
      most: most people who share a generator in a row.
      models: the generator.
    """
    photos = {IN_DOMAIN: arguments.in_domain, OUT_OF_DOMAIN: arguments.out_of_domain}
    retained = {IN_DOMAIN: arguments.retain_in_domain, OUT_OF_DOMAIN: arguments.retain_out_of_domain}
    given = {column: source for column, source in photos.items() if source is not None}
    number = arguments.random
    if number is None:
        wanted = RANDOM in table.columns or (models.is_bundled and not given)
        number = (most or _PEOPLE) if wanted else 0
    return Whose(
        seeds=arguments.seed or range(number),
        photos=given,
        retained={column: path for column, path in retained.items() if path is not None},
        people=arguments.people,
        inverting=inverting_of(arguments),
    )


def _changed(arguments: argparse.Namespace, config: ConfigDict) -> ConfigDict:
    """Return the settings of a row with the changes of the command line."""
    changed = read_config(None, arguments.overrides, config)
    set_by(changed, "--steps", arguments.steps, "steps", arguments.overrides)
    return changed


def _say_result(table: Table, out: Path) -> None:
    say(f"{table.name} is written: read {out / MARKDOWN}, look at {out / PAGE}")
