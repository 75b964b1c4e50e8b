"""Write the page of a run: `report.html`, with its pictures inside, for any browser."""

import html
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jaxunlearn.reporting.page.attack_section import attack_section
from jaxunlearn.reporting.page.change_table import change_table
from jaxunlearn.reporting.page.figure import figure
from jaxunlearn.reporting.page.frame import write_page
from jaxunlearn.reporting.page.intervals_table import intervals_table
from jaxunlearn.reporting.page.judges_table import judges_table
from jaxunlearn.reporting.verdict import verdict, verdict_together
from jaxunlearn.training.storage.run_dir import RunFolder

MEANINGS = {
    "id": "identity similarity of the person before and after, mean over the views; low means forgotten",
    "id_std": "standard deviation of id over the views",
    "pairs_without_face": "pairs left out of id because no face was found in one of the two pictures",
    "id_others": "identity similarity before and after on other pictures of the person, unused in unlearning",
    "id_others_max": "the highest of them",
    "id_target": "identity similarity of the person and the target: id if unlearning succeeds completely",
    "id_to_target": "identity similarity of the person after and the target; high means success",
    "others_id": "identity similarity of other people before and after; 1 means unchanged",
    "others_id_p5": "5th percentile of others_id over people: the people who changed most",
    "others_lost": "share of other people who are somebody else afterwards to at least one judge",
    "fid_forget": "Fréchet distance between the forgotten people's pictures before and after",
    "retained_without_face": "other people left out of others_id because no face was found",
    "fid_pre": "Fréchet distance between random people before and after; low means unchanged",
    "kid_pre": "kernel distance (KID) of random people before to others after; 0 on average without change",
    "kid_pre_std": "its standard deviation over random subsets",
    "delta_fid_real": "growth of the Fréchet distance to real images",
    "retained_lpips": "perceptual change (LPIPS) of other people's pictures; 0 means unchanged",
    "retained_psnr": "peak signal-to-noise ratio of other people's pictures, dB; high means unchanged",
    "retained_ssim": "structural similarity of other people's pictures, Gaussian window; 1 means unchanged",
    "retained_ssim_uniform": "structural similarity with a uniform window of 7 pixels",
    "retained_mse": "mean squared change of other people's pictures, levels 0 to 255",
}
"""Meaning of each figure, in the words of the page."""
_ALIGNMENTS = {
    "fixed": "The main judge saw the same part of every picture.",
    "landmarks": "The main judge saw faces turned upright, placed by the camera of each picture.",
    "mtcnn": "The main judge saw faces that a detector found, turned upright.",
}
_OTHERS_CAPTION = "Other people, who should stay the same. Rows: before, after."
_FRONTIER_CAPTION = (
    "What other people keep while people are being forgotten; the numbers at the points are steps. Each of "
    "them is seen from one side."
)
_RUN_FIGURES = {
    "steps": "steps",
    "steps_per_second": "steps per second",
    "compile_seconds": "seconds of compilation",
    "devices": "devices",
    "loss": "loss of the last step",
}


def write_report(folder: RunFolder) -> Path:
    """Write the page from the run folder: its pictures, logged losses, and figures if it was evaluated.

    Returns:
      Path of the page.
    """
    request, summary = folder.request, folder.summary
    together = request.together and len(request.subjects) > 1
    parts = _shared_generator(folder) if together else _own_generators(folder)
    curve = _curve([(line["step"], line["loss"]) for line in folder.metrics()])
    settings = json.dumps(folder.config.to_dict(), indent=1)
    rows = "".join(
        f"<tr><td>{label}</td><td>{html.escape(_plain(summary[name]))}</td></tr>"
        for name, label in _RUN_FIGURES.items()
        if name in summary
    )
    who = f"{len(request.subjects)} people" if together else ", ".join(request.subjects)
    title = f"{who} forgotten by {request.model}"
    body = f"""{"".join(parts)}{intervals_table(summary)}{attack_section(folder)}
<h2>The run</h2>
{curve}
{figure(folder.frontier_picture, _FRONTIER_CAPTION)}
<table>{rows}</table>
<p>Networks of the loss: {html.escape(request.perceptual)}, {html.escape(request.identity)}.</p>
<details><summary>All settings</summary><pre>{html.escape(settings)}</pre></details>"""
    write_page(folder.report, title, body)
    return folder.report


def _plain(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _own_generators(folder: RunFolder) -> list[str]:
    """Return one section for each person with a generator of their own."""
    parts, summary = [], folder.summary
    for k, subject in enumerate(folder.request.subjects):
        figures = (summary.get("people") or {}).get(str(k))
        figures = figures if figures is not None and "judges" in figures else None  # measured by older code
        parts.append(f"<h2>{html.escape(subject)}</h2>")
        if figures is not None:
            parts.append(_paragraph(verdict(subject, figures)))
        parts.append(figure(folder.person_picture(k), f"{subject}. Rows: before, target, after."))
        parts.append(figure(folder.others_picture(k), _OTHERS_CAPTION))
        if figures is not None:
            parts += [judges_table(figures), _table(figures), *_change(figures)]
    return parts


def _shared_generator(folder: RunFolder) -> list[str]:
    """Return the section of all people, who share one generator."""
    subjects, summary = folder.request.subjects, folder.summary
    measured = "people" in summary and "judges" in summary
    parts = [_paragraph(verdict_together(subjects, summary))] if measured else []
    parts.append(figure(folder.everybody_picture, "All people. Rows: before, target, after."))
    parts += [
        figure(folder.person_picture(k), f"{subject}. Rows: before, target, after.")
        for k, subject in enumerate(subjects)
    ]
    parts.append(figure(folder.others_picture(), _OTHERS_CAPTION))
    if measured:
        parts += [_table(summary), *_change(summary), _people_table(subjects, summary["people"])]
    return parts


def _change(figures: dict[str, Any]) -> list[str]:
    """Return the table of the pictures' change; older code did not measure it."""
    return [change_table(figures["picture_change"])] if "picture_change" in figures else []


def _paragraph(lines: list[str]) -> str:
    return f'<p class="verdict">{"<br>".join(html.escape(line) for line in lines)}</p>'


def _people_table(subjects: Sequence[str], people: dict[str, Any]) -> str:
    """Return a table with one row per person."""
    columns = ("id", "id_std", "id_target", "id_to_target")
    head = "".join(f"<th>{name}</th>" for name in ("person", *columns, "forgotten"))
    rows = []
    for k, subject in enumerate(subjects):
        figures = people[str(k)]
        cells = [number(figures[name]) for name in columns]
        cells.append({True: "yes", False: "no", None: "unknown"}[figures["forgotten"]])
        rows.append("".join(f"<td>{cell}</td>" for cell in (html.escape(subject), *cells)))
    return f"<table><tr>{head}</tr>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"


def number(value: float | None) -> str:
    """Return a figure with three decimals; "not measured" for None, if no face was found."""
    return "not measured" if value is None else f"{value:.3f}"


def _table(figures: dict[str, Any]) -> str:
    rows = [
        f"<tr><td>{name}</td><td>{figures[name]:.4g}</td><td>{meaning}</td></tr>"
        for name, meaning in MEANINGS.items()
        if figures.get(name) is not None
    ]
    head = "<tr><th>figure</th><th>value</th><th>meaning</th></tr>"
    networks = ", ".join(
        f"{name} ({role})" for role, name in figures["networks"].items() if isinstance(name, str)
    )
    text = f"Measured with {networks}. {_ALIGNMENTS[figures.get('align', 'fixed')]}"
    return f"<table>{head}{''.join(rows)}</table><p>{html.escape(text)}</p>"


def _curve(points: list[tuple[int, float]]) -> str:
    """Return the loss over the steps as SVG; an empty text for fewer than two points."""
    if len(points) < 2:
        return ""
    width, height = 800, 160
    last, top = max(1, points[-1][0]), max(loss for _, loss in points)
    line = " ".join(
        f"{width * s / last:.1f},{height * (1 - loss / max(top, 1e-12)):.1f}" for s, loss in points
    )
    return (
        f'<figure><svg viewBox="-2 -2 {width + 4} {height + 4}" role="img" aria-label="loss over steps">'
        f'<polyline points="{line}" fill="none" stroke="#2266aa" stroke-width="2"/></svg>'
        f"<figcaption>Loss over {last} steps, from 0 to {top:.3g}.</figcaption></figure>"
    )
