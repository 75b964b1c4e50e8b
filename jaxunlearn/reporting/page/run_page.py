"""Write the page of a run: `report.html`, with its pictures inside, for any browser."""

from pathlib import Path
from typing import Any

from jaxunlearn.reporting.page.frame import write_page
from jaxunlearn.reporting.page.picture import FileEncoder, PagePictures
from jaxunlearn.reporting.page.sections.attack_section import attack_pictures, attack_section
from jaxunlearn.reporting.page.sections.curves_section import curves_section
from jaxunlearn.reporting.page.sections.figures_section import (
    all_figures,
    change_table,
    intervals_table,
    main_figures,
    measured_with,
)
from jaxunlearn.reporting.page.sections.judges_section import judge_lines
from jaxunlearn.reporting.page.sections.others_section import others_pictures, others_section
from jaxunlearn.reporting.page.sections.people_section import CARDS, people_pictures, people_section
from jaxunlearn.reporting.page.sections.progress_section import progress_of
from jaxunlearn.reporting.page.sections.run_data import RunData
from jaxunlearn.reporting.page.sections.run_section import (
    cost_rows,
    evaluation_settings,
    request_rows,
    training_settings,
)
from jaxunlearn.reporting.page.sections.verdict_section import verdict_section
from jaxunlearn.reporting.verdict import random_weights_of
from jaxunlearn.training.storage.run_dir import RunFolder


def write_run_page(
    folder: RunFolder, *, going: bool = False, encoder: FileEncoder | None = None, error: str = ""
) -> Path:
    """Write the page from the run folder: its pictures, logged losses, and figures if it was evaluated.

    Args:
      folder: the run.
      going: True for a run that is going on: the page then reloads itself every few seconds.
      encoder: of the page before, whose picture may be the same.
      error: line that says why the run ended before its last step; empty if no error ended it.

    Returns:
      Path of the page.
    """
    run = RunData.read(folder)
    values = run_values(run, encoder) | {"error": error}
    write_page(folder.report, "run.html", f"Forgetting {run.who}", values, refresh=going)
    return folder.report


def run_values(run: RunData, encoder: FileEncoder | None = None) -> dict[str, Any]:
    """Return the values of the template of a run's page; see `write_run_page`."""
    count = people_pictures(run) + others_pictures(run) + attack_pictures(run)
    pictures = PagePictures(count, len(run.subjects), encoder)
    return {
        "run": run,
        "random_weights": random_weights_of(run.request, run.summary),
        "verdict": verdict_section(run),
        "progress": progress_of(run, pictures),
        "judges": judge_lines(run),
        "people": people_section(run, pictures),
        "cards_shown": CARDS,
        "others": others_section(run, pictures),
        "attacked": attack_section(run, pictures),
        "charts": curves_section(run),
        "figures": main_figures(run),
        "measured_with": measured_with(run) if run.measured else "",
        "change": change_table(run.summary["picture_change"]) if "picture_change" in run.summary else None,
        "intervals": intervals_table(run.summary),
        "all_figures": all_figures(run),
        "costs": cost_rows(run),
        "requests": request_rows(run),
        "training_settings": training_settings(run),
        "evaluation_settings": evaluation_settings(run),
    }
