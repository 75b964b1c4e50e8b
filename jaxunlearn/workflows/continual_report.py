"""Report requests one after the other: two pictures, a page, and plain words."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jax.numpy as jnp
import numpy as np
from markupsafe import Markup

from jaxunlearn.errors import InputError
from jaxunlearn.images import grid, save_png, to_uint8
from jaxunlearn.methods.config import from_config
from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.models.cameras import conditioning_view
from jaxunlearn.models.generator import Generator
from jaxunlearn.models.loading import Models
from jaxunlearn.models.renderer import Renderer, latents_of_seeds
from jaxunlearn.reporting.before_after import other_seeds
from jaxunlearn.reporting.page.charts import LineChart, Series, line_chart
from jaxunlearn.reporting.page.frame import figure_text, write_page
from jaxunlearn.reporting.page.picture import PagePictures
from jaxunlearn.reporting.page.sections.figures_section import Table
from jaxunlearn.reporting.page.sections.verdict_section import (
    Tile,
    near_in_short,
    tiles_of_others,
    with_price,
)
from jaxunlearn.reporting.page.words import MEANINGS, how_many, isolated
from jaxunlearn.reporting.verdict import stay_the_same
from jaxunlearn.training.result import finished
from jaxunlearn.training.storage.run_dir import RunFolder
from jaxunlearn.workflows.continual import Forgotten
from jaxunlearn.workflows.registry import Entry, Registry

_FIGURES = {
    "others_lost": "other people: lost",
    "others_id": "other people: similarity",
    "fid_pre": "other people: Fréchet distance",
    "fid_forget": "the forgotten: Fréchet distance",
}
"""Figure of a request → what it is called on the page."""
_CAPTIONS = {
    "people": "The people of all requests, one per column.",
    "others": "Other people, who should stay the same.",
}
_OTHERS = "other people"
"""Name of the curve that should stay high."""
MOST_PEOPLE = 16
"""Largest number of people in a picture; of more people, every n-th is chosen."""


def report_requests(
    models: Models, forgotten: Forgotten, config: ConfigDict, *, going: bool = False
) -> list[str]:
    """Write `people.png`, `others.png` and `report.html` into the folder of the registry.

    Args:
      models: the source.
      forgotten: the results of the requests so far.
      config: settings of rendering.
      going: True if another request follows in this process, see `write_requests_page`.

    Returns:
      Lines that say in plain words what came out.
    """
    registry = forgotten.registry
    ws = np.concatenate([folder.people() for folder in forgotten.folders])
    chosen = np.unique(np.linspace(0, len(ws) - 1, min(len(ws), MOST_PEOPLE)).astype(int))
    frontal = conditioning_view(models.generator.config)
    others = np.asarray(latents_of_seeds(models.generator, other_seeds(forgotten.newest), frontal))
    renderer = Renderer(models.generator, batch=config.evaluation.batch, compute=from_config.compute(config))
    columns = {"people": ws[chosen], "others": others}
    rows = {name: [_row(renderer, people)] for name, people in columns.items()}
    for number in range(len(forgotten.folders)):
        after = renderer.with_generator(_generator(models, forgotten, number))
        for name, people in columns.items():
            rows[name].append(_row(after, people))
        del after  # before the next one is read
    for name, people in columns.items():
        save_png(registry.path / f"{name}.png", grid(np.concatenate(rows[name]), len(people)))
    words = [f"{each.label}: {each.forgotten} {each.others}" for each in _outcomes(registry)]
    return [*words, f"Look at {write_requests_page(registry, going=going)}"]


def _generator(models: Models, forgotten: Forgotten, number: int) -> Generator:
    """Return the generator after a request, which is read from its folder, unless it is the newest."""
    if number == len(forgotten.folders) - 1:
        return forgotten.newest.generator
    return finished(forgotten.folders[number], models.generator).generator


def _row(renderer: Renderer, ws: np.ndarray) -> np.ndarray:
    c = jnp.repeat(conditioning_view(renderer.config), len(ws), axis=0)
    return to_uint8(renderer(ws, c).image)


@dataclasses.dataclass(frozen=True)
class _Outcome:
    """What came out after a request.

    Attributes:
      label: names the request.
      forgotten, others: sentences on the people so far, and on other people.
      state: "good" if everybody so far is forgotten, "mixed" if at the price of other people.
      tiles: large figures of other people.
    """

    label: str
    forgotten: str
    others: str
    state: str
    tiles: tuple[Tile, ...]


def _outcomes(registry: Registry) -> list[_Outcome]:
    return [_outcome(f"After {entry.name}", entry.figures) for entry in registry.entries]


def _outcome(label: str, figures: Mapping[str, Any]) -> _Outcome:
    people = sum(request["people"] for request in figures["requests"])
    forgotten = figures["forgotten"]
    count = f"{people} people" if forgotten is None else f"{forgotten} of {people} people are forgotten"
    similarity = "" if figures["id"] is None else f", similarity {figures['id']:.2f}"
    others = "no face found" if figures["others_id"] is None else f"similarity {figures['others_id']:.2f}"
    state = "unknown" if forgotten is None else "good" if forgotten == people else "bad"
    tiles = tiles_of_others(figures, [figures])
    return _Outcome(
        label,
        f"{count}{similarity}.",
        " ".join(
            [
                *stay_the_same([figures]),
                *near_in_short(figures),
                f"Other people: {others}, Fréchet distance {figures['fid_pre']:.2f}.",
            ]
        ),
        with_price(state, tiles),
        tuple(tiles),
    )


def write_requests_page(registry: Registry, *, going: bool = False) -> Path:
    """Write the page of all requests from the registry and the pictures in its folder.

    Args:
      registry: of the requests so far.
      going: True if a process works on the next request: the page then reloads itself.

    Returns:
      Path of the page.

    Raises:
      InputError: if no request is finished.
    """
    entries = registry.entries
    if not entries:
        raise InputError(f"{registry.file}: lists no finished request, so there is nothing to show")
    asked = max(registry.asked, len(entries))
    rows = f"Rows from above: before{''.join(f', after {entry.name}' for entry in entries)}."
    pictures = PagePictures(len(_CAPTIONS), 1)
    shown = [
        (pictures.file(registry.path / f"{name}.png", f"{caption} {rows}"), f"{caption} {rows}")
        for name, caption in _CAPTIONS.items()
    ]
    values = {
        "model": registry.model,
        "done": len(entries),
        "asked": asked,
        "outcomes": _outcomes(registry),
        "pictures": [(picture, caption) for picture, caption in shown if picture],
        "after": [_people_after_each(registry), _others_after_each(registry)],
        "charts": _over_requests(registry),
        "meanings": {words: MEANINGS[name] for name, words in _FIGURES.items()},
        "people": [(_linked(registry, entry), ", ".join(map(isolated, entry.subjects))) for entry in entries],
    }
    title = f"Forgotten in {len(entries)} request{'s' if len(entries) > 1 else ''}"
    if len(entries) < asked:
        title = f"{len(entries)} of {asked} requests carried out"
    write_page(registry.report, "requests.html", title, values, refresh=going)
    return registry.report


def _linked(registry: Registry, entry: Entry) -> str:
    """Return the name of a request, as a link if its run has a page."""
    page = RunFolder(registry.path / entry.folder).report
    if not page.is_file():
        return entry.name
    return Markup('<a href="{}">{}</a>').format(quote(f"{entry.folder}/{page.name}"), entry.name)


def _people_after_each(registry: Registry) -> Table:
    """Return a row for each request: what became of the people of each request so far."""
    names = [entry.name for entry in registry.entries]
    rows = []
    for entry in registry.entries:
        cells = [_cell(figures) for figures in entry.figures["requests"]]
        cells += [""] * (len(names) - len(cells))
        rows.append((f"{entry.name} ({entry.when[:16].replace('T', ' ')} UTC)", *cells))
    return Table(("after", *(f"people of {name}" for name in names)), rows)


def _others_after_each(registry: Registry) -> Table:
    """Return a row for each request: what became of other people, and how far pictures moved."""
    rows = []
    for entry in registry.entries:
        lost = "unknown"
        if entry.figures["others_lost"] is not None:
            lost = how_many(entry.figures["others_lost_counts"])
        rest = (figure_text(entry.figures[name], 3) for name in _FIGURES if name != "others_lost")
        rows.append((entry.name, lost, *rest))
    return Table(("after", *_FIGURES.values()), rows)


def _over_requests(registry: Registry) -> list[LineChart]:
    """Return the chart of similarity over the requests; none for fewer than two of them."""
    entries = registry.entries
    if len(entries) < 2:
        return []
    curves: dict[str, list[tuple[int, float]]] = {}
    for number, entry in enumerate(entries, 1):
        if entry.figures["others_id"] is not None:
            curves.setdefault(_OTHERS, []).append((number, entry.figures["others_id"]))
        for earlier, figures in zip(entries, entry.figures["requests"], strict=False):
            if figures["id"] is not None:
                curves.setdefault(f"people of {earlier.name}", []).append((number, figures["id"]))
    series = [Series(name, np.array(points, float), apart=name == _OTHERS) for name, points in curves.items()]
    if not series:
        return []
    return [
        line_chart(
            "Similarity before and after",
            series,
            labels=("requests so far", "similarity before and after"),
            summary="Other people should stay high, forgotten people low, also after later requests.",
            whole_x=True,
        )
    ]


def _cell(figures: dict[str, Any]) -> str:
    if figures["id"] is None:  # the detector found no face
        return "not measured"
    forgotten = "" if figures["forgotten"] is None else f", {figures['forgotten']} of {figures['people']}"
    return f"{figure_text(figures['id'])} ({figure_text(figures['id_highest'])}){forgotten}"
