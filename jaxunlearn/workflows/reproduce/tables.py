"""All tables by name, and the list of them."""

from collections.abc import Mapping

from jaxunlearn.errors import InputError, printable
from jaxunlearn.methods.config.declaration import did_you_mean
from jaxunlearn.workflows.reproduce import guide_tables, sugar_tables
from jaxunlearn.workflows.reproduce.declaration import COLUMNS, IN_DOMAIN, OUT_OF_DOMAIN, RANDOM, Table

TABLES: Mapping[str, Table] = {table.name: table for table in (*guide_tables.TABLES, *sugar_tables.TABLES)}
"""Name → table."""

ALSO: Mapping[str, str] = {"sugar-2": "sugar-1", "sugar-4": "sugar-1"}
"""Name of a printed table → the table whose runs fill it, too."""

OPTIONS: Mapping[str, str] = {
    RANDOM: "--random N or --seed",
    IN_DOMAIN: "--in-domain PHOTOS",
    OUT_OF_DOMAIN: "--out-of-domain PHOTOS",
}
"""Column → the option that says whose pictures it is of."""


def table_of(name: str) -> Table:
    """Return a table by its name.

    Raises:
      InputError: if there is none.
    """
    known = [*TABLES, *ALSO]
    if name not in known:
        hint = did_you_mean(name, known, "")
        raise InputError(f"no table {printable(name)}{hint}; jaxunlearn reproduce --list shows all")
    return TABLES[ALSO.get(name, name)]


def listed() -> list[str]:
    """Return lines that say of each table what it shows, of what it is made, and what that needs."""
    return [line for table in TABLES.values() for line in _listed(table)]


def _listed(table: Table) -> list[str]:
    also = [name for name, runs in ALSO.items() if runs == table.name]
    names = ", ".join([table.name, *also])
    runs = len(table.rows) * len(table.columns)
    needs = [f"{COLUMNS[column]}: {OPTIONS[column]}" for column in table.columns]
    if table.others:
        needs.append("several photos of each person, of which the first is forgotten")
    if table.retained:
        needs.append("people who should stay: --retain-in-domain, --retain-out-of-domain")
    if table.real:
        needs.append("real images for ΔFID_real: --real")
    return [
        f"{names}: {table.paper}",
        *(f"  {sheet.name}: {sheet.about}" for sheet in table.sheets),
        f"  rows: {', '.join(row.key for row in table.rows)}",
        f"  at most {runs} runs, {len(table.rows)} in a column",
        *(f"  {need}" for need in needs),
    ]
