"""Tables of photos and the people in them, as spreadsheet programs write them.

    image,identity
    photos/anna.png,Anna
    photos/bob.png,Bob

Fields are separated by commas, semicolons or tabs. The text is UTF-8, UTF-16 or Windows' cp1252. The columns
may have any order, and other columns are ignored.
"""

import csv
import io
import re
import unicodedata
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, BOM_UTF32_BE, BOM_UTF32_LE
from pathlib import Path

from jaxunlearn.errors import InputError
from jaxunlearn.files.door import LARGEST_TEXT, local_path, read_bytes
from jaxunlearn.photos.folders import ListedPhoto

SUFFIXES = (".csv", ".tsv", ".txt", ".tab")
SPREADSHEETS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".numbers")
"""Spreadsheet files, whose programs can save CSV."""
COLUMNS = ("image", "identity")

_SAVE = "save it as CSV UTF-8"
_DELIMITERS = (",", ";", "\t")
_SPREADSHEET_BEGINNINGS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_MARKS = (
    (BOM_UTF32_LE, "utf-32"),  # before the mark of UTF-16, with which it begins
    (BOM_UTF32_BE, "utf-32"),
    (BOM_UTF8, "utf-8-sig"),
    (BOM_UTF16_LE, "utf-16"),
    (BOM_UTF16_BE, "utf-16"),
)


def read_photo_table(path: Path) -> list[ListedPhoto]:
    """Return the photos of a table, in its order; missing files are noticed when they are read.

    Raises:
      InputError: if the table cannot be read or is invalid.
    """
    lines = list(io.StringIO(_text(path), newline=""))
    lines = [re.sub(r'" +(?=[,;\t\r\n]|$)', '"', line) for line in lines]  # spaces after a quoted field
    start = 1 if lines and re.fullmatch(r'"?sep=."?\s*', lines[0], re.IGNORECASE) else 0
    while start < len(lines) and not lines[start].strip(" ,;\t\r\n"):
        start += 1
    if start == len(lines):
        raise InputError(f"{path}: lists no photos")
    delimiter = _delimiter(path, lines[start])
    rows = csv.reader(lines[start:], delimiter=delimiter, skipinitialspace=True, strict=True)
    columns: list[str] = []
    listed = []
    try:
        for row in rows:
            fields = [field.strip() for field in row]
            if not any(fields):
                continue
            if not columns:
                columns = [_column(field) for field in fields]
            else:
                listed.append(_listed(path, start + rows.line_num, columns, fields))
    except csv.Error as error:
        raise InputError(
            f"{path}: line {start + rows.line_num} is not readable as CSV ({error}); {_SAVE}"
        ) from error
    if not listed:
        raise InputError(f"{path}: lists no photos")
    return listed


def _text(path: Path) -> str:
    content = read_bytes(path, most=LARGEST_TEXT)
    if path.suffix.lower() in SPREADSHEETS or content.startswith(_SPREADSHEET_BEGINNINGS):
        raise InputError(f"{path}: is a spreadsheet, not a table in text; {_SAVE}")
    encoding = next((encoding for mark, encoding in _MARKS if content.startswith(mark)), None)
    if encoding is None and b"\0" in content[:2]:  # the first letter is ASCII
        encoding = "utf-16-be" if content[:1] == b"\0" else "utf-16-le"
    for tried in ("utf-8", "cp1252") if encoding is None else (encoding,):
        try:
            text = content.decode(tried)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise InputError(f"{path}: is not text in UTF-8, UTF-16 or cp1252; {_SAVE}")


def _column(field: str) -> str:
    return unicodedata.normalize("NFKC", field).strip(" \ufeff").casefold()


def _delimiter(path: Path, header: str) -> str:
    """Return the delimiter with which the first line has both columns."""
    missing = COLUMNS[0]
    for delimiter in _DELIMITERS:
        try:
            fields = next(csv.reader([header], delimiter=delimiter, skipinitialspace=True), [])
        except csv.Error:  # not a line of column names, for example longer than csv accepts
            continue
        columns = [_column(field) for field in fields]
        lacking = [column for column in COLUMNS if column not in columns]
        if not lacking:
            return delimiter
        if len(lacking) < len(COLUMNS):
            missing = lacking[0]
    raise InputError(
        f"{path}: has no column {missing!r}; its first line must be {','.join(COLUMNS)}; {_SAVE}"
    )


def _listed(path: Path, line: int, columns: list[str], fields: list[str]) -> ListedPhoto:
    if any(fields[len(columns) :]):
        raise InputError(
            f"{path}: line {line} has {len(fields)} fields under {len(columns)} columns; put quotes around a "
            "name with a comma in it"
        )
    by_column = dict(zip(columns, fields, strict=False))
    image, person = (by_column.get(column, "") for column in COLUMNS)
    if not image:
        raise InputError(f"{path}: line {line} names no image")
    try:
        return ListedPhoto(person, image, _file(path.parent, image))
    except InputError as error:
        return ListedPhoto(person, image, Path(image), str(error))


def _file(folder: Path, name: str) -> Path:
    """Return the file of this name in `folder`, in whichever way its accents and separators are written.

    Raises:
      InputError: if it is an address, or in a home folder that does not exist.
    """
    given = local_path(name)
    if name.startswith("~"):
        try:
            given = given.expanduser()
        except RuntimeError as error:
            raise InputError(f"{name}: this home folder does not exist") from error
    written = [given]
    if "\\" in name:
        written.append(Path(str(given).replace("\\", "/")))
    for path in written:
        existing = _as_on_disk(folder, path)
        if existing is not None:
            return existing
    return folder / written[-1]


def _as_on_disk(folder: Path, path: Path) -> Path | None:
    """Return the path with its names composed (NFC) or decomposed (NFD) as on disk; None if there is none."""
    place = folder / path
    if _exists(place):
        return place
    place = Path(path.anchor) if path.anchor else folder
    for part in path.parts[1:] if path.anchor else path.parts:
        if _exists(place / part):
            place /= part
            continue
        plain = unicodedata.normalize("NFC", part)
        try:
            same = [entry for entry in place.iterdir() if unicodedata.normalize("NFC", entry.name) == plain]
        except OSError:  # not a folder, or not readable; the missing file is refused later
            return None
        if not same:
            return None
        place = min(same)
    return place


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name too long, or with a zero byte
        return False
