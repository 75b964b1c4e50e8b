"""GUIDE on people of the bundled model: the paper's Tables 1, 2 and 4, its Table 3, its Figure 9; bfloat16.

    python -m benchmarks.guide_heads --people 20 --seeds 3 --rows "+ global (GUIDE)"
    python -m benchmarks.guide_heads --people 20 --seeds 1
    python -m benchmarks.guide_heads --people 5 --seeds 1 --tables "Table 3" "Figure 9"
    python -m benchmarks.guide_heads --people 1 --seeds 3 --tables "Mixed precision"

Writes `guide_heads.jsonl`, a line a finished run, and `guide_heads.md`. Runs found there are not run again
unless their steps changed.
"""

import argparse
import itertools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from jaxunlearn.cli.config_files import load_config
from jaxunlearn.evaluation import album_latents, evaluate_generator
from jaxunlearn.evaluation.evaluate import measure_reference
from jaxunlearn.files.json_lines import drop_cut_off_line, read_json_lines
from jaxunlearn.methods.config import from_config
from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.methods.guide import presets
from jaxunlearn.models.loading import Models, load_models
from jaxunlearn.photos.people import people_from_seeds
from jaxunlearn.profiling.devices import processor
from jaxunlearn.training.storage.metrics_log import add_line
from jaxunlearn.training.unlearn import unlearn

ABLATIONS = Path(__file__).parents[1] / "configs" / "guide" / "ablations.py"
FIRST_PERSON = 100
GUIDE, LADDER, PRECISION = "+ global (GUIDE)", "Tables 1, 2 and 4", "Mixed precision"
Rows = dict[str, Callable[[], ConfigDict]]


def _long(dtype: str) -> ConfigDict:
    config = presets.heads()
    config.steps = 1000
    config.rendering.dtype = dtype
    return config


def _ablation(row: str) -> Callable[[], ConfigDict]:
    """Make the settings of a row of `configs/guide/ablations.py`."""
    return lambda: load_config(f"{ABLATIONS}:heads,{row}")


ROWS: Rows = {
    "baseline": _ablation("baseline"),
    "baseline + global": _ablation("mean_global"),
    "+ extrapolated target": _ablation("extrapolated"),
    "+ adjacent": _ablation("adjacent"),
    GUIDE: presets.heads,
    "alpha_max = 0.5": _ablation("alpha=0.5"),
    "alpha_max = 1": _ablation("alpha=1"),
    "alpha_max = 1.5": _ablation("alpha=1.5"),
    "d = 0.35": _ablation("distance=0.35"),
    "d = 1.05": _ablation("distance=1.05"),
    "float32": lambda: _long("float32"),
    "bfloat16": lambda: _long("bfloat16"),
}
"""Lengths in median radii of the model."""

TABLES = {
    LADDER: ("baseline", "baseline + global", "+ extrapolated target", "+ adjacent", GUIDE),
    "Table 3": ("baseline", "alpha_max = 0.5", "alpha_max = 1", "alpha_max = 1.5"),
    "Figure 9": ("d = 0.35", GUIDE, "d = 1.05"),
    PRECISION: ("float32", "bfloat16"),
}
WHAT = {
    LADDER: "Targets and losses, one after the other.",
    "Table 3": "Towards the mean face, no global loss; adjacent latents up to alpha_max (baseline: none).",
    "Figure 9": "Targets at another distance d from the mean face, on its other side; GUIDE has 0.7.",
    PRECISION: "GUIDE, 1,000 steps in each precision; ± over seeds of the mean over people.",
}
FIGURES = ("id", "id_others", "others_id", "others_id_p5", "fid_pre", "retained_lpips")


def missing_runs(
    lines: list[dict[str, Any]], people: int, seeds: int, rows: list[str]
) -> list[tuple[str, int, int]]:
    """Return what is not among the lines with today's steps: row, person, seed."""
    done = {(line["row"], line["person"], line["seed"], line["steps"]) for line in lines}
    wanted = [
        (row, FIRST_PERSON + person, seed)
        for row in rows
        for seed in range(seeds)
        for person in range(people)
    ]
    steps = {row: ROWS[row]().steps for row in rows}
    return [run for run in wanted if (*run, steps[run[0]]) not in done]


def run_all(models: Models, people: int, seeds: int, rows: list[str], path: Path) -> None:
    """Run what is missing in `path`."""
    drop_cut_off_line(path, dict[str, Any])
    lines = read_json_lines(path, dict[str, Any])
    missing = missing_runs(lines, people, seeds, rows)
    reference = measure_reference(models, presets.heads())
    albums: dict[int, Any] = {}
    for row, person, seed in tqdm(missing, unit="run"):
        config = ROWS[row]()
        config.seed = seed
        ws = people_from_seeds(models, [person]).ws
        if person not in albums:
            albums[person] = album_latents(
                models,
                person,
                config.evaluation.album,
                compute=from_config.compute(config),
                progress=False,
            ).ws
        began = time.monotonic()
        result = unlearn(models, ws, config, progress=False)
        seconds = time.monotonic() - began
        figures = evaluate_generator(
            reference, result.generator, result.ws[0], result.ws_target[0], albums[person], progress=False
        )
        line = {
            "row": row,
            "person": person,
            "seed": seed,
            "steps": config.steps,
            "seconds": round(seconds, 1),
            **{name: value for name, value in figures.items() if not isinstance(value, dict)},
        }
        add_line(path, line)


def _rows(title: str, lines: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return the runs of each row; a sweep has the people and seeds that all its rows have."""
    rows = {row: [line for line in lines if line["row"] == row] for row in TABLES[title]}
    rows = {row: found for row, found in rows.items() if found}
    if title != LADDER:
        runs = [{(line["person"], line["seed"]) for line in found} for found in rows.values()]
        common = set.intersection(*runs) if len(runs) == len(TABLES[title]) else set()
        rows = {
            row: [line for line in found if (line["person"], line["seed"]) in common]
            for row, found in rows.items()
            if common
        }
    return rows


def table(title: str, lines: list[dict[str, Any]]) -> list[str]:
    """One table as markdown; runs of other steps have rows of their own."""
    counts = sorted({line["steps"] for line in lines})
    by_steps = {steps: _rows(title, [line for line in lines if line["steps"] == steps]) for steps in counts}
    by_steps = {steps: rows for steps, rows in by_steps.items() if rows}
    if not by_steps:
        return []
    over = "seed" if title == PRECISION else "person"
    cells = [
        " | ".join(_cells(row if len(by_steps) == 1 else f"{row}, {steps} steps", found, over))
        for steps, rows in by_steps.items()
        for row, found in rows.items()
    ]
    return [
        f"## {title}",
        "",
        WHAT[title],
        "",
        "| | people, seeds | ID ↓ | ID_others ↓ | forgotten | others forgotten | other people ↑ "
        "| their worst twentieth ↑ | FID_pre ↓ | LPIPS of others ↓ | seconds |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        *(f"| {of_row} |" for of_row in cells),
        "",
    ]


def _means(lines: list[dict[str, Any]], name: str, over: str) -> np.ndarray:
    """A figure of each "person", or of each "seed"."""
    groups = sorted({line[over] for line in lines})
    return np.array([np.mean([line[name] for line in lines if line[over] == group]) for group in groups])


def _cells(row: str, lines: list[dict[str, Any]], over: str) -> list[str]:
    people, seeds = (len({line[of] for line in lines}) for of in ("person", "seed"))
    means = [_means(lines, name, over) for name in FIGURES]
    figures = [f"{mean.mean():.3f} ± {mean.std():.3f}" for mean in means]
    forgotten = [
        f"{int((_means(lines, name, 'person') < lines[0]['threshold']).sum())} of {people}"
        for name in ("id", "id_others")
    ]
    seconds = f"{np.median([line['seconds'] for line in lines]):.0f}"
    return [row, f"{people}, {seeds}", *figures[:2], *forgotten, *figures[2:], seconds]


def page(lines: list[dict[str, Any]], models: Models) -> str:
    """Return the results as markdown: mean ± standard deviation over people of the means over seeds."""
    counts = sorted({line["steps"] for line in lines if line["row"] not in TABLES[PRECISION]})
    text = [
        "# GUIDE on the bundled model",
        "",
        f"`python -m benchmarks.guide_heads`, on {processor()}; the machine was sometimes shared.",
        f"Similarities are by the {models.judge.name}, which no loss used (threshold "
        f"{lines[0]['threshold']:.3f}). Fréchet distances are in AlexNet features, of equally many pictures "
        "in every row. A cell is the mean ± standard deviation over people, of the mean over seeds. Seconds "
        "are those of a run, in the median. Settings are those of `jaxunlearn/methods/guide/presets.py` when "
        "the runs were made (of those in the repository: commit 03c2cab), with "
        f"{' or '.join(map(str, counts))} steps unless a row has its own.",
        "",
    ]
    return "\n".join([*text, *itertools.chain.from_iterable(table(title, lines) for title in TABLES)])


def main() -> None:
    """Run and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rows", nargs="+", choices=list(ROWS))
    parser.add_argument(
        "--tables", nargs="+", choices=list(TABLES), default=[LADDER], help="where no rows are"
    )
    parser.add_argument("--out", type=Path, default=Path("benchmarks/guide_heads"))
    arguments = parser.parse_args()
    path = arguments.out.with_suffix(".jsonl")
    path.parent.mkdir(parents=True, exist_ok=True)
    models = load_models("heads")
    rows = arguments.rows or list(dict.fromkeys(row for title in arguments.tables for row in TABLES[title]))
    run_all(models, arguments.people, arguments.seeds, rows, path)
    lines = read_json_lines(path, dict[str, Any])
    arguments.out.with_suffix(".md").write_text(page(lines, models))


if __name__ == "__main__":
    main()
