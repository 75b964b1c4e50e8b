"""How a table of a paper is declared as data: its rows, columns, figures, and the printed numbers."""

import dataclasses
from collections.abc import Mapping
from typing import Literal, NamedTuple

from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.methods.guide.ablations import ablate
from jaxunlearn.methods.registry import preset

Base = Literal["paper", "official", "heads"]
"""Which settings a table is made with: the paper's, the official program's, or those of the bundled model."""

RANDOM, IN_DOMAIN, OUT_OF_DOMAIN = "random", "in-domain", "out-of-domain"
COLUMNS: Mapping[str, str] = {
    RANDOM: "Random",
    IN_DOMAIN: "In-domain (FFHQ)",
    OUT_OF_DOMAIN: "Out-of-domain (CelebAHQ)",
}
"""Name of a column, which is its folder → what papers call it: where its people are from."""

GUIDE = {"paper": "guide/paper", "official": "guide/official", "heads": "guide/heads"}
GUIDE_OF_MANY = {"paper": "guide/many", "official": "guide/many", "heads": "guide/many_heads"}
SUGAR = {"paper": "sugar/paper", "official": "sugar/official", "heads": "sugar/heads"}
LEGATO = {"paper": "legato/paper", "official": "legato/official", "heads": "legato/heads"}


class Published(NamedTuple):
    """A printed number, what stands behind its ± (None where nothing does), and both as they are printed."""

    mean: float
    spread: float | None
    text: str


@dataclasses.dataclass(frozen=True)
class Figure:
    """A figure of a table.

    Attributes:
      key: its name in `table.json`, and in `summary.json` if `place` is empty.
      label: its name in the paper.
      better: the end that the paper calls better.
      place: keys that lead to it in `summary.json`; "*" stands for the only key there is.
      each: True if every person has it; False if one generator of many people has it.
    """

    key: str
    label: str
    better: Literal["lower", "higher"]
    place: tuple[str, ...] = ()
    each: bool = True


@dataclasses.dataclass(frozen=True)
class Row:
    """A row of a table: a run in each column.

    Attributes:
      key: its name, which is its folder.
      label: its name in the paper.
      presets: which settings it begins with, for each `Base`.
      ablation: a key of `methods.guide.ablations.ABLATIONS`; empty for a method as it is.
      lengths: dotted name of a setting → its value in the paper, whose unit is that of the paper's presets.
      people: number of people who share a generator; 0 if everybody of a column has one of their own.
      method: name of the method in the table, by which rows of several numbers of people belong together.
      against: keys of the rows with which it is compared, person by person.
    """

    key: str
    label: str
    presets: Mapping[str, str]
    ablation: str = ""
    lengths: Mapping[str, float] = dataclasses.field(default_factory=dict)
    people: int = 0
    method: str = ""
    against: tuple[str, ...] = ()

    def preset(self, base: Base, people: int = 1) -> ConfigDict:
        """Return the settings of the method as it is, before anything of the row is left out."""
        return preset(self.presets[base], self.people or people)

    def settle(self, config: ConfigDict, base: Base) -> None:
        """Change a config to that of the row.

        Lengths keep their proportion to the preset's own. The bundled model's are relative to its latents, so
        that a length of the paper itself would mean something else.

        Args:
          config: of `preset`; it may have other changes.
          base: the same as there.
        """
        if self.ablation:
            ablate(config, self.ablation)
        own, printed = self.preset(base), self.preset("paper")
        for name, length in self.lengths.items():
            section, _, setting = name.partition(".")
            scale = own[section][setting] / printed[section][setting]
            config.update_from_flattened_dict({name: float(f"{length * scale:.6g}")})


@dataclasses.dataclass(frozen=True)
class Sheet:
    """A table as it is printed; several may be of the same runs.

    Attributes:
      name: "Table 1".
      about: what it shows.
      figures: its figures.
      columns: keys of its columns, as printed.
      published: column, row and figure → the printed number. The column is "" where the paper does not name
        it, and the row may be a method's name where the paper does not say for how many people.
      notes: sentences on what is known to be wrong or unclear in it.
    """

    name: str
    about: str
    figures: tuple[Figure, ...]
    columns: tuple[str, ...]
    published: Mapping[tuple[str, str, str], Published]
    notes: tuple[str, ...] = ()

    def printed(self, column: str, row: Row, figure: str) -> Published | None:
        """Return the printed number of a cell; None where there is none."""
        for place in ((column, row.key), ("", row.key), ("", row.method)):
            if (*place, figure) in self.published:
                return self.published[(*place, figure)]
        return None


@dataclasses.dataclass(frozen=True)
class Table:
    """What one command makes.

    Attributes:
      name: its name on the command line.
      paper: the paper, with its place.
      rows: its rows.
      sheets: the printed tables that its runs fill.
      others: True if other photos of the people are measured.
      retained: True if all people of a run share a generator, and a set of people who should stay is
        measured.
      sweep: True if rows are distances of the same targets, for which one mapper is trained.
    """

    name: str
    paper: str
    rows: tuple[Row, ...]
    sheets: tuple[Sheet, ...]
    others: bool = False
    retained: bool = False
    sweep: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """Keys of all columns that are printed, in the order of `COLUMNS`."""
        printed = {column for sheet in self.sheets for column in sheet.columns}
        return tuple(column for column in COLUMNS if column in printed)

    @property
    def real(self) -> bool:
        """True if a figure needs real images."""
        return any(figure.key == "delta_fid_real" for sheet in self.sheets for figure in sheet.figures)

    def row(self, key: str) -> Row:
        """Return a row by its key."""
        return next(row for row in self.rows if row.key == key)


def published(
    columns: tuple[str, ...], figures: tuple[Figure, ...], rows: Mapping[str, str]
) -> dict[tuple[str, str, str], Published]:
    """Return printed numbers by column, row and figure.

    Args:
      columns: keys of the columns, in the order in which they are printed.
      figures: figures of each column, in that order.
      rows: key of a row → its numbers as they are printed, "0.19±0.09 11.73±2.74", all figures of the first
        column first; a dash for a cell without a number.
    """
    places = [(column, figure.key) for column in columns for figure in figures]
    made = {}
    for row, line in rows.items():
        for (column, figure), cell in zip(places, line.split(), strict=True):
            if cell != "-":
                mean, _, spread = cell.partition("±")
                made[column, row, figure] = Published(
                    float(mean), float(spread) if spread else None, cell.replace("±", " ± ")
                )
    return made
