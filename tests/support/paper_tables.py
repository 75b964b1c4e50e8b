"""The folder of a table of a paper, without any training."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jaxunlearn.evaluation.statistics.shares import share_of
from jaxunlearn.images import save_png
from jaxunlearn.workflows.reproduce.figures import compared, figures_of, judged_of
from jaxunlearn.workflows.reproduce.folder import CellJson, TableJson, run_of
from jaxunlearn.workflows.reproduce.tables import TABLES
from jaxunlearn.workflows.reproduce.writing import write_all
from tests.support.page_folders import LONG, picture

PEOPLE = (LONG, "seed 2")


def a_summary(ids: Sequence[float]) -> dict[str, Any]:
    """Return what a run's summary says of people with these similarities, each in a generator of their own.

    The lowest similarities are forgotten, and a judge finds nobody in other photos before.
    """
    return {
        "people": {
            str(k): {
                "id": value,
                "fid_pre": 10 * value,
                "forgotten": value < 0.1,
                "forgotten_by": {"latent": value < 0.1, "photos": None},
                "others_lost_counts": share_of(k, 48)._asdict(),
                "near": {"1.0": {"lost_counts": share_of(10 * k, 40)._asdict()}},
            }
            for k, value in enumerate(ids)
        }
    }


def a_cell(row: str, ids: tuple[float, float], *, diverged: tuple[str, ...] = ()) -> CellJson:
    """Return a run of Table 1 of GUIDE, in which people have these similarities before and after."""
    summary = a_summary(ids)
    figures = {} if diverged else figures_of(TABLES["guide-1"], PEOPLE, summary)
    return CellJson(
        column="random",
        row=row,
        people=list(PEOPLE),
        steps=2,
        settings="0" * 16,
        diverged=list(diverged),
        figures=figures,
        judged=None if diverged else judged_of(summary, len(ids)),
    )


def a_table(path: Path) -> TableJson:
    """Write the folder of a table: two runs are finished, one diverged, and one was not made yet."""
    path.mkdir()
    cells = [
        a_cell("baseline", (0.3, -0.1)),
        a_cell("extrapolated", (0.2, 0.004)),
        a_cell("adjacent", (0.0, 0.0), diverged=(LONG,)),
    ]
    for cell in cells[:2]:
        folder = run_of(path, cell["column"], cell["row"])
        folder.images.mkdir(parents=True)
        folder.report.write_text("<!doctype html><title>a run</title>")
        save_png(folder.person_picture(0), picture(600))
    content = TableJson(
        table="guide-1",
        versions={"jaxunlearn": "0.1.0", "jax": "0.10.2"},
        preset="heads",
        made_with={"model": "heads", "fingerprint": "0" * 64},
        measured_with={"identity": "heads identity judge", "frechet": "alexnet"},
        sources={"random": "people of the generator"},
        remarks=["The column In-domain (FFHQ) is left out: it needs --in-domain PHOTOS."],
        not_comparable=["they are of the bundled model"],
        planned=[["random", row.key] for row in TABLES["guide-1"].rows],
        printed=[],
        notes={},
        cells=cells,
        differences=compared(TABLES["guide-1"], cells),
    )
    write_all(path, content)
    return content


def page_of_a_table(path: Path) -> Path:
    """Return the page of `a_table`."""
    a_table(path)
    return path / "report.html"
