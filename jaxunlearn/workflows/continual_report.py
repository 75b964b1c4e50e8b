"""Report requests one after the other: two pictures, a page, and plain words."""

import html
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxunlearn.images import grid, save_png, to_uint8
from jaxunlearn.methods import from_config
from jaxunlearn.methods.settings import ConfigDict
from jaxunlearn.models.cameras import conditioning_view
from jaxunlearn.models.loading import Models
from jaxunlearn.models.renderer import Renderer, latents_of_seeds
from jaxunlearn.reporting.before_after import OTHER_SEEDS
from jaxunlearn.reporting.page.figure import figure
from jaxunlearn.reporting.page.frame import write_page
from jaxunlearn.reporting.page.run_page import MEANINGS, number
from jaxunlearn.workflows.continual import Forgotten
from jaxunlearn.workflows.registry import Registry

_FIGURES = ("others_id", "fid_pre", "fid_forget")
MOST_PEOPLE = 16
"""Largest number of people in a picture; of more people, every n-th is chosen."""


def report_requests(models: Models, forgotten: Forgotten, config: ConfigDict) -> list[str]:
    """Write `people.png`, `others.png` and `report.html` into the folder of the registry.

    Args:
      models: the source.
      forgotten: the results of all requests.
      config: settings of rendering.

    Returns:
      Lines that say in plain words what came out.
    """
    registry = forgotten.registry
    ws = np.concatenate([result.ws for result in forgotten.results])
    chosen = np.unique(np.linspace(0, len(ws) - 1, min(len(ws), MOST_PEOPLE)).astype(int))
    frontal = conditioning_view(models.generator.config)
    others = np.asarray(latents_of_seeds(models.generator, list(OTHER_SEEDS), frontal))
    renderer = Renderer(models.generator, batch=8, compute=from_config.compute(config))
    for name, people in (("people", ws[chosen]), ("others", others)):
        rows = [_row(renderer, people)]
        rows += [_row(renderer.with_generator(result.generator), people) for result in forgotten.results]
        save_png(registry.path / f"{name}.png", grid(np.concatenate(rows), len(people)))
    return [*_words(registry), f"Look at {write_requests_page(registry)}"]


def _row(renderer: Renderer, ws: np.ndarray) -> np.ndarray:
    c = jnp.repeat(conditioning_view(renderer.config), len(ws), axis=0)
    return to_uint8(renderer(jnp.asarray(ws), c).image)


def _words(registry: Registry) -> list[str]:
    lines = []
    for entry in registry.entries:
        figures = entry.figures
        people = sum(stage["people"] for stage in figures["stages"])
        forgotten = figures["forgotten"]
        count = f"{people} people" if forgotten is None else f"{forgotten} of {people} people are forgotten"
        others = "no face found" if figures["others_id"] is None else f"similarity {figures['others_id']:.2f}"
        similarity = "" if figures["id"] is None else f", similarity {figures['id']:.2f}"
        lines.append(
            f"After {entry.name}: {count}{similarity}. "
            f"Other people: {others}, Fréchet distance {figures['fid_pre']:.2f}."
        )
    return lines


def write_requests_page(registry: Registry) -> Path:
    """Write the page of all requests from the registry and the pictures in its folder.

    Returns:
      Path of the page.
    """
    names = [entry.name for entry in registry.entries]
    head = "".join(f"<th>people of {html.escape(name)}</th>" for name in names)
    rows = []
    for entry in registry.entries:
        cells = [_cell(figures) for figures in entry.figures["stages"]]
        cells += [""] * (len(names) - len(cells))
        cells += [number(entry.figures[name]) for name in _FIGURES]
        when = html.escape(f"{entry.name} ({entry.when[:16].replace('T', ' ')} UTC)")
        rows.append(f"<tr><td>{when}</td>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>")
    who = "".join(
        f"<tr><td>{html.escape(entry.name)}</td><td>{html.escape(', '.join(entry.subjects))}</td></tr>"
        for entry in registry.entries
    )
    title = f"Forgotten by {registry.model} in {len(names)} request{'s' if len(names) > 1 else ''}"
    people = "Forgotten people, one per column. First row: before; then one row after each request."
    others = "Other people, who should stay the same. First row: before; then one row after each request."
    columns = "".join(f"<th>{name}</th>" for name in _FIGURES)
    body = f"""{figure(registry.path / "people.png", people)}
{figure(registry.path / "others.png", others)}
<h2>After each request</h2>
<table><tr><th>after</th>{head}{columns}</tr>{"".join(rows)}</table>
<p>People of a request: mean identity similarity before and after (highest in brackets), and how many of
them are forgotten. others_id: {MEANINGS["others_id"]}. fid_pre: {MEANINGS["fid_pre"]}. fid_forget:
{MEANINGS["fid_forget"]}.</p>
<h2>The people of each request</h2><table>{who}</table>"""
    path = registry.path / "report.html"
    write_page(path, title, body)
    return path


def _cell(figures: dict[str, Any]) -> str:
    if figures["id"] is None:  # the detector found no face
        return "not measured"
    forgotten = "" if figures["forgotten"] is None else f", {figures['forgotten']} of {figures['people']}"
    return f"{figures['id']:.2f} ({figures['id_highest']:.2f}){forgotten}"


def newest_generator(registry: Registry) -> Path:
    """Return the path of the newest generator."""
    return registry.path / registry.entries[-1].folder / "generator" / "0000.safetensors"
