"""The page of a run: `report.html`, with its pictures inside, to be opened in any browser."""

import base64
import html
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jaxunlearn.files.door import read_bytes
from jaxunlearn.reporting.frame import write_page
from jaxunlearn.reporting.verdict import verdict, verdict_together
from jaxunlearn.training.run_dir import RunFolder

_LARGEST_PICTURE = 256 * 2**20
"""Bytes of a picture that is put into a page."""

MEANINGS = {
    "id": "similarity of the person before and after, over the official views; low is forgotten",
    "id_std": "its standard deviation over the views",
    "pairs_without_face": "pairs left out of it, since no face was found in one of the two",
    "id_others": "the same for other pictures of the person, which unlearning never saw",
    "id_target": "similarity of the person and the target: what complete success would give",
    "id_to_target": "similarity of the person after and the target",
    "others_id": "similarity of other people before and after; 1 is unchanged",
    "others_id_p5": "its 5th percentile over people",
    "fid_forget": "Fréchet distance of the forgotten people's pictures after from those before",
    "retained_without_face": "other people left out of these, since no face was found",
    "fid_pre": "Fréchet distance of random people after from random people before",
    "delta_fid_real": "by how much the Fréchet distance from real images has grown",
    "retained_lpips": "perceptual change of other people's pictures",
    "retained_psnr": "dB, other people's pictures",
    "retained_ssim": "structural similarity of other people's pictures (Gaussian window)",
    "retained_ssim_uniform": "the same with a uniform window of 7 pixels",
    "retained_mse": "mean squared change of other people's pictures",
}
_SHOWN = {
    "fixed": "The identity network was shown the same part of every picture.",
    "landmarks": "The identity network was shown faces turned upright by the camera they were seen from.",
    "mtcnn": "The identity network was shown faces that the detector found, turned upright.",
}


def write_report(folder: RunFolder) -> Path:
    """Write the page from what is in the folder: pictures, logged losses, figures if there are any.

    Returns:
      Its path.
    """
    request, summary = folder.request, folder.summary
    together = request.together and len(request.subjects) > 1
    parts = _together(folder) if together else _each(folder)
    curve = _curve([(line["step"], line["loss"]) for line in folder.metrics()])
    settings = json.dumps(folder.config.to_dict(), indent=1)
    effort = ("steps", "steps_per_second", "compile_seconds", "devices", "loss")
    numbers = {name: summary[name] for name in effort if name in summary}
    rows = "".join(
        f"<tr><td>{html.escape(n)}</td><td>{html.escape(str(v))}</td></tr>" for n, v in numbers.items()
    )
    who = f"{len(request.subjects)} people" if together else ", ".join(request.subjects)
    title = f"{who} forgotten by {request.model}"
    body = f"""{"".join(parts)}
<h2>The run</h2>
{curve}
<table>{rows}</table>
<p>Loss with {html.escape(request.perceptual)} and {html.escape(request.identity)}.</p>
<details><summary>Settings</summary><pre>{html.escape(settings)}</pre></details>"""
    write_page(folder.report, title, body)
    return folder.report


def _each(folder: RunFolder) -> list[str]:
    """A section for each person with a generator of their own."""
    parts, summary = [], folder.summary
    for k, subject in enumerate(folder.request.subjects):
        figures = (summary.get("people") or {}).get(str(k))
        parts.append(f"<h2>{html.escape(subject)}</h2>")
        if figures is not None:
            parts.append(_paragraph(verdict(subject, figures)))
        parts.append(figure(folder.person_picture(k), "The person: before, target, after."))
        parts.append(figure(folder.others_picture(k), "Other people: before, after."))
        if figures is not None:
            parts.append(_table(figures))
    return parts


def _together(folder: RunFolder) -> list[str]:
    """One section: everybody in one generator."""
    subjects, summary = folder.request.subjects, folder.summary
    measured = "people" in summary
    parts = [_paragraph(verdict_together(subjects, summary))] if measured else []
    parts.append(figure(folder.everybody_picture, "Everybody: before, surrogate, after."))
    parts += [
        figure(folder.person_picture(k), f"{subject}: before, surrogate, after.")
        for k, subject in enumerate(subjects)
    ]
    parts.append(figure(folder.others_picture(), "Other people: before, after."))
    if measured:
        parts += [_table(summary), _people_table(subjects, summary["people"])]
    return parts


def _paragraph(lines: list[str]) -> str:
    return f'<p class="verdict">{"<br>".join(html.escape(line) for line in lines)}</p>'


def _people_table(subjects: Sequence[str], people: dict[str, Any]) -> str:
    """Who is forgotten, a row each."""
    columns = ("id", "id_std", "id_target", "id_to_target")
    head = "".join(f"<th>{name}</th>" for name in ("person", *columns, "forgotten"))
    rows = []
    for k, subject in enumerate(subjects):
        figures = people[str(k)]
        cells = [f"{figures[name]:.3f}" for name in columns]
        cells.append({True: "yes", False: "no", None: "unknown"}[figures["forgotten"]])
        rows.append("".join(f"<td>{cell}</td>" for cell in (html.escape(subject), *cells)))
    return f"<table><tr>{head}</tr>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"


def figure(path: Path, caption: str) -> str:
    """A picture inside the page; nothing where there is none."""
    if not path.is_file():
        return ""
    data = base64.b64encode(read_bytes(path, most=_LARGEST_PICTURE)).decode()
    return (
        f'<figure><img alt="{html.escape(caption)}" src="data:image/png;base64,{data}">'
        f"<figcaption>{html.escape(caption)}</figcaption></figure>"
    )


def _table(figures: dict[str, Any]) -> str:
    rows = [
        f"<tr><td>{name}</td><td>{figures[name]:.4g}</td><td>{meaning}</td></tr>"
        for name, meaning in MEANINGS.items()
        if figures.get(name) is not None
    ]
    networks = ", ".join(f"{what}: {name}" for what, name in figures["networks"].items())
    text = f"Measured with {networks}. {_SHOWN[figures.get('align', 'fixed')]}"
    return f"<table>{''.join(rows)}</table><p>{html.escape(text)}</p>"


def _curve(points: list[tuple[int, float]], width: int = 800, height: int = 160) -> str:
    """The loss over steps."""
    if len(points) < 2:
        return ""
    last, top = max(1, points[-1][0]), max(loss for _, loss in points)
    line = " ".join(
        f"{width * s / last:.1f},{height * (1 - loss / max(top, 1e-12)):.1f}" for s, loss in points
    )
    return (
        f'<figure><svg viewBox="-2 -2 {width + 4} {height + 4}" role="img" aria-label="loss over steps">'
        f'<polyline points="{line}" fill="none" stroke="#2266aa" stroke-width="2"/></svg>'
        f"<figcaption>Loss from 0 to {top:.3g}, over {last} steps.</figcaption></figure>"
    )
