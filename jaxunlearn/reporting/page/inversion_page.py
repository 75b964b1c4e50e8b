"""Write the page of an inversion: each photo beside its reconstruction, with figures."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jaxunlearn.files.door import read_json
from jaxunlearn.files.json_form import check_form
from jaxunlearn.reporting.page.frame import figure_text, write_page
from jaxunlearn.reporting.page.picture import Picture, Pictures

_FIGURES = {"lpips": "LPIPS", "mse": "MSE", "identity": "similarity"}


@dataclasses.dataclass(frozen=True)
class _Photo:
    """A photo: its name, file, picture, figures with labels, and the judge's answer."""

    name: str
    file: str
    picture: Picture | None
    figures: tuple[tuple[str, str], ...]
    answer: str
    state: str


def write_inversion_page(figures: Path) -> Path:
    """Write the page of an inversion beside its figures.

    Args:
      figures: the JSON file of `photos.inversion_report.save`; the pictures lie beside it.

    Returns:
      Path of the page.

    Raises:
      InputError: if the file has another form.
    """
    content = check_form(read_json(figures), dict[str, Any], figures)
    in_folder = figures.name == "inversion.json"
    photos = content["photographs"]
    pictures = Pictures(len(photos), len(photos))
    prefix = "" if in_folder else f"{figures.stem}_"
    out = figures.with_name("report.html") if in_folder else figures.with_suffix(".html")
    values = {
        "photos": [_photo(each, figures.parent, prefix, content, pictures) for each in photos],
        "about": [
            (name, figure_text(value) if isinstance(value, float) else str(value))
            for name, value in content.items()
            if isinstance(value, str | int | float)
        ],
        "mean": [(label, figure_text(content["mean"][name], 3)) for name, label in _FIGURES.items()],
        "left_out": content["left_out"],
    }
    title = f"{len(photos)} inverted photo{'s' if len(photos) != 1 else ''}"
    write_page(out, "inversion.html", title, values)
    return out


def _photo(
    about: Mapping[str, Any], folder: Path, prefix: str, content: Mapping[str, Any], pictures: Pictures
) -> _Photo:
    name, threshold = about["name"], content["threshold"]
    alt = f"{name}: the photo, its reconstruction, and the reconstruction from three sides"
    known = threshold is not None
    same = known and about["identity"] >= threshold
    return _Photo(
        name,
        about["file"],
        pictures.file(folder / f"{prefix}{name}.png", alt),
        tuple((label, figure_text(about[key], 3)) for key, label in _FIGURES.items()),
        "" if not known else "the same person to the judge" if same else "somebody else to the judge",
        "" if not known else "good" if same else "bad",
    )
