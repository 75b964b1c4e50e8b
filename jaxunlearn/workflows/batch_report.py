"""Write the page of a work list: `report.html`, one row per person, with links to pictures and generators."""

import html
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jaxunlearn.reporting.page.frame import write_page
from jaxunlearn.workflows.batch_dir import DONE, WorklistFolder


def write_worklist_page(folder: WorklistFolder) -> Path:
    """Write the page of the people so far. Pictures are linked: thousands of them would not fit into a page.

    Returns:
      Path of the page.
    """
    last, asked = folder.last(), len(folder.subjects())
    done = sum(line["status"] == DONE for line in last.values())
    diverged = f", {len(last) - done} diverged" if done < len(last) else ""
    title = f"{done} of {asked} people done{diverged}"
    rows = "".join(_row(subject, line) for subject, line in last.items())
    columns = ("person", "before, target, after", "status", "loss of the last step", "steps", "learning rate")
    head = "".join(f"<th>{column}</th>" for column in columns)
    body = f"""<p>Each person was forgotten in a generator of their own. The status links to it.</p>
<table><tr>{head}</tr>
{rows}</table>"""
    path = folder.path / "report.html"
    write_page(path, title, body, style="img { width: auto; height: 96px }")
    return path


def _row(subject: str, line: dict[str, Any]) -> str:
    name, picture = html.escape(subject), ""
    if "picture" in line:
        picture = f'<img loading="lazy" alt="{name}" src="{_link(line["picture"])}">'
    status = html.escape(line["status"])
    if "generator" in line:
        status = f'<a href="{_link(line["generator"])}">{status}</a>'
    loss = "" if line.get("loss") is None else f"{line['loss']:.3f}"
    cells = (name, picture, status, loss, line["steps"], f"{line['learning_rate']:g}")
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>\n"


def _link(path: str) -> str:
    """Return a path inside the folder as a relative URL; its name may not be UTF-8."""
    return quote(path, errors="surrogatepass")
