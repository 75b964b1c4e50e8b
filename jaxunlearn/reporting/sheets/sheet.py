"""Keep images in rows and columns: one PNG file for each sheet, and an index of all sheets.

images/page/NAME.png      a grid of images of one size
images/page/sheets.json   name of a sheet → its rows and columns
"""

import dataclasses
import functools
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypedDict

import numpy as np
from PIL import Image

from jaxunlearn.errors import InputError
from jaxunlearn.files.door import read_bytes, read_json, write_json
from jaxunlearn.files.json_form import check_form
from jaxunlearn.images import grid, save_png
from jaxunlearn.training.storage.run_dir import SHEETS

LARGEST_PICTURE = 256 * 2**20
"""Limit for the bytes of a picture file."""


EVERYBODY = "everybody"
"""Name of the sheet of all people from the front."""


def sheet_name(kind: Literal["person", "photos", "strength", "far", "near"], number: int) -> str:
    """Return the name of a sheet of a person; of other people, "far" or "near", that of a generator copy."""
    return f"{kind}-{number:04d}"


class _SheetJson(TypedDict):
    rows: list[str]
    columns: list[dict[str, Any]]


@dataclasses.dataclass(frozen=True)
class Sheet:
    """Images in rows and columns.

    Attributes:
      rows: what each row shows, such as "before".
      columns: what each column shows, such as `{"yaw": -30.0}`.
      images: `[rows, columns, H, W, 3]` uint8.
    """

    rows: tuple[str, ...]
    columns: tuple[Mapping[str, Any], ...]
    images: np.ndarray

    def row(self, name: str) -> np.ndarray:
        """Return the images of a row, `[columns, H, W, 3]`."""
        return self.images[self.rows.index(name)]

    def column(self, number: int) -> dict[str, np.ndarray]:
        """Return name of a row → its image in a column, `[H, W, 3]`."""
        return dict(zip(self.rows, self.images[:, number], strict=True))


def front_of(
    person: int, sheet: Sheet | None, everybody: Sheet | None
) -> tuple[dict[str, np.ndarray], float] | None:
    """Choose the pictures of a person from the front.

    Args:
      person: number of the person.
      sheet: the person from several sides; None if there is none.
      everybody: all people from the front, which is taken without `sheet`; None if there is none.

    Returns:
      "before", "target" and "after" → the image `[H, W, 3]`, and their yaw in degrees, the least of the
      sheet; None without a sheet.
    """
    if sheet is not None:
        column = min(range(len(sheet.columns)), key=lambda k: abs(sheet.columns[k]["yaw"]))
        return sheet.column(column), sheet.columns[column]["yaw"]
    return None if everybody is None else (everybody.column(person), 0.0)


class SheetFolder:
    """Reads and writes the sheets of a run; see the module's docstring.

    The index is read once: one that another object writes later is not seen. A sheet whose file was removed
    is none.

    Args:
      images: the folder of the run's pictures.
    """

    def __init__(self, images: Path):
        self.path = images / SHEETS
        self._file_of_index = self.path / "sheets.json"

    def names(self) -> tuple[str, ...]:
        """Return the names of all sheets.

        Raises:
          InputError: if the index has another form.
        """
        return tuple(self._index)

    def size(self, name: str) -> tuple[int, int]:
        """Return the numbers of rows and columns of a sheet; 0 and 0 if there is none of this name."""
        sheet = self._index.get(name)
        return (0, 0) if sheet is None else (len(sheet["rows"]), len(sheet["columns"]))

    def write(
        self, name: str, rows: Sequence[str], columns: Sequence[Mapping[str, Any]], images: np.ndarray
    ) -> None:
        """Write a sheet; the index is written last.

        Args:
          name: of the sheet.
          rows: what each row shows.
          columns: what each column shows.
          images: `[rows, columns, H, W, 3]` uint8.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        save_png(self._file(name), grid(images.reshape(-1, *images.shape[2:]), len(columns)))
        self._index[name] = {"rows": list(rows), "columns": [dict(column) for column in columns]}
        write_json(self._file_of_index, self._index)

    def drop(self, name: str) -> None:
        """Take a sheet out of the index; its file is removed."""
        if self._index.pop(name, None) is not None:
            write_json(self._file_of_index, self._index)
        self._file(name).unlink(missing_ok=True)

    def read(self, name: str) -> Sheet | None:
        """Return a sheet; None if there is none of this name.

        Raises:
          InputError: if its file cannot be read, or does not divide into its rows and columns.
        """
        kept = self._index.get(name)
        if kept is None:
            return None
        picture = read_picture(self._file(name))
        rows, columns = len(kept["rows"]), len(kept["columns"])
        height, width = picture.shape[:2]
        if not rows or not columns or height % rows or width % columns:
            raise InputError(f"{self._file(name)}: is not a grid of {rows} x {columns} images")
        cells = picture.reshape(rows, height // rows, columns, width // columns, 3).swapaxes(1, 2)
        return Sheet(tuple(kept["rows"]), tuple(kept["columns"]), cells)

    def _file(self, name: str) -> Path:
        return self.path / f"{name}.png"

    @functools.cached_property
    def _index(self) -> dict[str, _SheetJson]:
        if not self._file_of_index.exists():
            return {}
        sheets = check_form(read_json(self._file_of_index), dict[str, _SheetJson], self._file_of_index)
        return {name: sheet for name, sheet in sheets.items() if self._file(name).is_file()}


def read_picture(path: Path) -> np.ndarray:
    """Return a picture file as `[H, W, 3]` uint8.

    Raises:
      InputError: if there is no such file, or it is not a picture.
    """
    content = read_bytes(path, most=LARGEST_PICTURE)
    try:
        with Image.open(io.BytesIO(content)) as image:
            return np.asarray(image.convert("RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise InputError(f"{path}: is not readable as a picture; remove it and make the page anew") from error
