"""Write the page of an inversion: each photo beside its reconstruction, with figures."""

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NotRequired, TypedDict

from jaxunlearn.files.door import read_json
from jaxunlearn.files.json_form import check_form
from jaxunlearn.photos.inversion.output import INVERSION
from jaxunlearn.reporting.page.frame import figure_text, write_page
from jaxunlearn.reporting.page.picture import PagePictures, Picture
from jaxunlearn.reporting.page.words import duration

_FIGURES = {"lpips": "LPIPS", "mse": "MSE", "identity": "similarity"}
_ABOUT: dict[str, tuple[str, Callable[[Any], str]]] = {
    "model": ("generator", str),
    "method": ("method", str),
    "encoder": ("encoder", str),
    "perceptual": ("network of the loss: LPIPS", str),
    "identity": ("network of the loss: identity", str),
    "judge": ("judge", str),
    "threshold": ("the same person to the judge", lambda value: f"from a similarity of {figure_text(value)}"),
    "seconds": ("time", duration),
}
"""What is shown of the file: name there → label, and how the value is written."""

_ORIGIN: dict[str, tuple[str, Callable[[Any], str]]] = {
    "fingerprint": ("fingerprint of the generator", str),
    "latent_space": ("fingerprint of its space of latents", str),
    "mean_latent": ("mean latent from", str),
    "encoder_input": ("the encoder saw", str),
    "encoder_sha256": ("fingerprint of the encoder", str),
    "perceptual_sha256": ("fingerprint of the loss's LPIPS", str),
    "identity_sha256": ("fingerprint of the loss's identity network", str),
    "judge_sha256": ("fingerprint of the judge", str),
    "jaxunlearn_version": ("version of jaxunlearn", str),
    "settings": ("settings", json.dumps),
}
"""The same of what is collapsed."""


class _FiguresJson(TypedDict):
    lpips: float
    mse: float
    identity: float


class _PhotoJson(_FiguresJson):
    name: str
    file: str


class _InversionJson(TypedDict):
    threshold: float | None
    seconds: NotRequired[float]
    mean: _FiguresJson
    photographs: list[_PhotoJson]
    left_out: list[str]


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
      figures: the JSON file of `photos.inversion.report.InversionReport`; the pictures lie beside it.

    Returns:
      Path of the page.

    Raises:
      InputError: if the file has another form.
    """
    content = check_form(read_json(figures), _InversionJson, figures)
    in_folder = figures.name == INVERSION
    photos = content["photographs"]
    pictures = PagePictures(len(photos), len(photos))
    prefix = "" if in_folder else f"{figures.stem}_"
    out = figures.with_name("report.html") if in_folder else figures.with_suffix(".html")
    values = {
        "photos": [
            _photo(each, content["threshold"], figures.with_name(f"{prefix}{each['name']}.png"), pictures)
            for each in photos
        ],
        "about": _rows(content, _ABOUT),
        "origin": _rows(content, _ORIGIN),
        "mean": [(label, figure_text(content["mean"][name], 3)) for name, label in _FIGURES.items()],
        "left_out": content["left_out"],
    }
    title = f"{len(photos)} inverted photo{'s' if len(photos) != 1 else ''}"
    write_page(out, "inversion.html", title, values)
    return out


def _rows(
    content: Mapping[str, Any], shown: Mapping[str, tuple[str, Callable[[Any], str]]]
) -> list[tuple[str, str]]:
    """Return label and text of what the file says."""
    return [
        (label, write(content[name]))
        for name, (label, write) in shown.items()
        if content.get(name) is not None
    ]


def _photo(about: _PhotoJson, threshold: float | None, picture: Path, pictures: PagePictures) -> _Photo:
    name = about["name"]
    alt = f"{name}: the photo, its reconstruction, and the reconstruction from three sides"
    answer, state = "", ""
    if threshold is not None:
        same = about["identity"] >= threshold
        answer = "the same person to the judge" if same else "somebody else to the judge"
        state = "good" if same else "bad"
    return _Photo(
        name,
        about["file"],
        pictures.file(picture, alt),
        tuple((label, figure_text(about[key], 3)) for key, label in _FIGURES.items()),
        answer,
        state,
    )
