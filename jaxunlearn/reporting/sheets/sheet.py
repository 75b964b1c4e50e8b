"""Keep images in rows and columns: one PNG file for each sheet, and an index of all sheets.

images/page/NAME.png      a grid of images of one size
images/page/sheets.json   name of a sheet → its rows and columns
"""

import dataclasses
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
from PIL import Image

from jaxunlearn.errors import InputError
from jaxunlearn.files.door import read_bytes, read_json, write_json
from jaxunlearn.files.json_form import check_form
from jaxunlearn.images import grid, save_png

LARGEST_PICTURE = 256 * 2**20
"""Limit for the bytes of a picture file."""


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


class SheetFolder:
    """Reads and writes the sheets of a run; see the module's docstring.

    Args:
      images: the folder of the run's pictures.
    """

    def __init__(self, images: Path):
        self.path = images / "page"
        self._index = self.path / "sheets.json"

    def names(self) -> tuple[str, ...]:
        """Return the names of all sheets.

        Raises:
          InputError: if the index has another form.
        """
        return tuple(self._read_index())

    def count(self) -> int:
        """Return the number of images in all sheets."""
        return sum(len(sheet["rows"]) * len(sheet["columns"]) for sheet in self._read_index().values())

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
        index: dict[str, Any] = dict(self._read_index())
        index[name] = {"rows": list(rows), "columns": [dict(column) for column in columns]}
        write_json(self._index, index)

    def drop(self, name: str) -> None:
        """Take a sheet out of the index; its file is removed."""
        index = self._read_index()
        if index.pop(name, None) is not None:
            write_json(self._index, index)
        self._file(name).unlink(missing_ok=True)

    def read(self, name: str) -> Sheet | None:
        """Return a sheet; None if there is none of this name.

        Raises:
          InputError: if its file is missing, or does not divide into its rows and columns.
        """
        kept = self._read_index().get(name)
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

    def _read_index(self) -> dict[str, _SheetJson]:
        if not self._index.exists():
            return {}
        return check_form(read_json(self._index), dict[str, _SheetJson], self._index)


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
