"""GUIDE on people of the bundled model: the ladder of the paper's Tables 1, 2 and 4, as a table.

    python benchmarks/guide_heads.py --people 20 --seeds 1
    python benchmarks/guide_heads.py --people 20 --seeds 3 --rows "+ global (GUIDE)"

Writes `guide_heads.jsonl`, a line a finished run (those found there are not run again), and `guide_heads.md`.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from jaxunlearn import configuration, presets
from jaxunlearn.benchmark.processor import processor
from jaxunlearn.evaluation import album_latents, evaluate_generator
from jaxunlearn.measurement import reference_of
from jaxunlearn.models import Models, load_models
from jaxunlearn.people import people_of_seeds
from jaxunlearn.runner import unlearn

FIRST_PERSON = 100
ROWS = {
    "baseline": lambda: presets.baseline(presets.heads()),
    "baseline + global": lambda: presets.mean_global(presets.heads()),
    "+ extrapolated target": lambda: presets.extrapolated(presets.heads()),
    "+ adjacent": lambda: presets.adjacent(presets.heads()),
    "+ global (GUIDE)": presets.heads,
}
FIGURES = ("id", "id_others", "others_id", "others_id_p5", "fid_pre", "retained_lpips")


def run_all(models: Models, people: int, seeds: int, rows: list[str], path: Path) -> None:
    """Run what is missing in `path`; the rows that matter most, GUIDE's, come first."""
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    done = {(line["row"], line["person"], line["seed"]) for line in lines}
    wanted = [
        (row, FIRST_PERSON + person, seed)
        for row in rows
        for seed in range(seeds)
        for person in range(people)
    ]
    missing = [run for run in wanted if run not in done]
    reference = reference_of(models, presets.heads())
    albums: dict[int, Any] = {}
    for row, person, seed in tqdm(missing, unit="run"):
        config = ROWS[row]()
        config.seed = seed
        ws = people_of_seeds(models, [person]).ws
        if person not in albums:
            albums[person] = album_latents(
                models,
                person,
                config.evaluation.album,
                compute=configuration.compute(config),
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
        with path.open("a") as file:
            file.write(json.dumps(line) + "\n")


def table(lines: list[dict[str, Any]], models: Models) -> str:
    """The results as markdown: mean ± standard deviation over people of the means over seeds."""
    threshold = lines[0]["threshold"]
    text = [
        "# GUIDE on the bundled model",
        "",
        f"`python benchmarks/guide_heads.py` (its text says more), on {processor()}.",
        f"Similarities by {models.judge.name} (threshold {threshold:.3f}), which no loss used; Fréchet "
        "distance in AlexNet features, so comparable within this table only. Mean ± standard deviation over "
        "people of the mean over seeds; settings in `jaxunlearn/presets.py`.",
        "",
        "| | people, seeds | ID ↓ | ID_others ↓ | forgotten | others forgotten | other people ↑ "
        "| their worst twentieth ↑ | FID_pre ↓ | LPIPS of others ↓ |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in ROWS:
        of_row = [line for line in lines if line["row"] == row]
        if not of_row:
            continue
        people = sorted({line["person"] for line in of_row})
        seeds = len({line["seed"] for line in of_row})
        means = {
            name: np.array(
                [np.mean([line[name] for line in of_row if line["person"] == person]) for person in people]
            )
            for name in FIGURES
        }
        cells = [f"{means[name].mean():.3f} ± {means[name].std():.3f}" for name in FIGURES]
        forgotten = [
            f"{int((means[name] < threshold).sum())} of {len(people)}" for name in ("id", "id_others")
        ]
        cells = [row, f"{len(people)}, {seeds}", *cells[:2], *forgotten, *cells[2:]]
        text.append(f"| {' | '.join(cells)} |")
    seconds = np.median([line["seconds"] for line in lines])
    text += [
        "",
        f"{seconds:.0f} s a run in the median (compiled once, not counted).",
    ]
    return "\n".join(text) + "\n"


def main() -> None:
    """Run and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rows", nargs="+", choices=list(ROWS), default=list(ROWS))
    parser.add_argument("--out", type=Path, default=Path("benchmarks/guide_heads"))
    arguments = parser.parse_args()
    path = arguments.out.with_suffix(".jsonl")
    path.parent.mkdir(parents=True, exist_ok=True)
    models = load_models("heads")
    run_all(models, arguments.people, arguments.seeds, arguments.rows, path)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    arguments.out.with_suffix(".md").write_text(table(lines, models))


if __name__ == "__main__":
    main()
