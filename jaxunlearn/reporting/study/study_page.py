"""Write the page that participants get."""

from pathlib import Path

from jaxunlearn.files.door import write_text
from jaxunlearn.reporting.page.frame import render_page
from jaxunlearn.reporting.study.folder import QuestionsJson

TITLE = "Who is the same person?"
"""It says nothing of unlearning, which participants need not know."""


def write_study_page(path: Path, shown: QuestionsJson) -> None:
    """Write the page: all pictures and questions inside, and a script that keeps and saves the answers."""
    values = {"shown": shown, "most": max(map(len, shown["parts"])), "keys": range(1, shown["choices"] + 1)}
    write_text(path, render_page("study.html", TITLE, values, own="study"))
