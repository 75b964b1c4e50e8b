"""What a sequence of requests did: two pictures, a page, and plain words."""

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
from jaxunlearn.reporting.before_after import OTHERS
from jaxunlearn.reporting.frame import write_page
from jaxunlearn.reporting.html import figure
from jaxunlearn.workflows.continual import Forgotten
from jaxunlearn.workflows.registry import Registry

SHOWN = 16
"""People at most in a picture, evenly from all."""


def tell_sequence(models: Models, forgotten: Forgotten, config: ConfigDict) -> list[str]:
    """Write `people.png`, `others.png` and `report.html` beside the registry; say what came out."""
    registry = forgotten.registry
    ws = np.concatenate([result.ws for result in forgotten.results])
    shown = np.unique(np.linspace(0, len(ws) - 1, min(len(ws), SHOWN)).astype(int))
    frontal = conditioning_view(models.generator.config)
    others = np.asarray(latents_of_seeds(models.generator, list(OTHERS), frontal))
    renderer = Renderer(models.generator, batch=8, compute=from_config.compute(config))
    for name, people in (("people", ws[shown]), ("others", others)):
        rows = [_row(renderer, people)]
        rows += [_row(renderer.with_generator(result.generator), people) for result in forgotten.results]
        save_png(registry.path / f"{name}.png", grid(np.concatenate(rows), len(people)))
    return [*_words(registry), f"Look at {write_sequence_page(registry)}"]


def _row(renderer: Renderer, ws: np.ndarray) -> np.ndarray:
    c = jnp.repeat(conditioning_view(renderer.config), len(ws), axis=0)
    return to_uint8(renderer(jnp.asarray(ws), c).image)


def _words(registry: Registry) -> list[str]:
    lines = []
    for entry in registry.entries:
        figures = entry.figures
        people = sum(stage["people"] for stage in figures["stages"])
        forgotten = "" if figures["forgotten"] is None else f"{figures['forgotten']} of "
        similarity = "" if figures["id"] is None else f", similarity {figures['id']:.2f}"
        lines.append(
            f"after {entry.name}: {forgotten}{people} people forgotten{similarity}; "
            f"other people {figures['others_id']:.2f}, Fréchet distance {figures['fid_pre']:.2f}"
        )
    return lines


def write_sequence_page(registry: Registry) -> Path:
    """Write the page of all stages from the registry and the pictures beside it.

    Returns:
      Its path.
    """
    names = [entry.name for entry in registry.entries]
    head = "".join(f"<th>ID of {html.escape(name)}</th>" for name in names)
    rows = []
    for entry in registry.entries:
        cells = [_cell(stage) for stage in entry.figures["stages"]]
        cells += [""] * (len(names) - len(cells))
        cells += [f"{entry.figures[name]:.3f}" for name in ("others_id", "fid_pre", "fid_forget")]
        when = f"{html.escape(entry.name)} ({html.escape(entry.when)})"
        rows.append(f"<tr><td>{when}</td>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>")
    who = "".join(
        f"<tr><td>{html.escape(entry.name)}</td><td>{html.escape(', '.join(entry.subjects))}</td></tr>"
        for entry in registry.entries
    )
    title = f"Forgotten by {registry.model} in {len(names)} stages"
    people = "Forgotten people, before and after each stage, a column each."
    body = f"""{figure(registry.path / "people.png", people)}
{figure(registry.path / "others.png", "Other people, before and after each stage.")}
<h2>After each stage</h2>
<table><tr><th>stage</th>{head}<th>others_id</th><th>fid_pre</th><th>fid_forget</th></tr>{"".join(rows)}</table>
<p>ID: similarity before and after, mean (highest) over the stage's people, and how many are forgotten.</p>
<h2>Who</h2><table>{who}</table>"""
    path = registry.path / "report.html"
    write_page(path, title, body)
    return path


def _cell(stage: dict[str, Any]) -> str:
    if stage["id"] is None:  # the judge found no face
        return "not measured"
    forgotten = "" if stage["forgotten"] is None else f", {stage['forgotten']} of {stage['people']}"
    return f"{stage['id']:.2f} ({stage['id_highest']:.2f}){forgotten}"


def written(registry: Registry) -> Path:
    """The newest generator."""
    return registry.path / registry.entries[-1].folder / "generator" / "0000.safetensors"
