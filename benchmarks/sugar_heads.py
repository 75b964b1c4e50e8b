"""SUGAR and GUIDE on many people of the bundled model, in one generator: the paper's Tables 1 and 2.

    python -m benchmarks.sugar_heads --people 10 --seeds 1
    python -m benchmarks.sugar_heads                                   # everything, hours on two cores
    python -m benchmarks.sugar_heads --rows SUGAR --stages 4 --people 20 --seeds 1
    python -m benchmarks.sugar_heads --people 10 --seeds 2 --pictures  # of what is still to run

GUIDE is extended to many people as in SUGAR's paper: local, adjacent and global losses of all of them in one
generator. With `--stages` the same people are forgotten in as many requests, one after another, as well.

Writes `sugar_heads.jsonl`, a line a finished run, and `sugar_heads.md`; `sugar_heads_plot.py` draws it. Runs
found there are not run again unless their steps changed.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from jaxunlearn.evaluation import Reference
from jaxunlearn.evaluation.evaluate import evaluate, measure_reference
from jaxunlearn.files.json_lines import drop_cut_off_line, read_json_lines
from jaxunlearn.images import save_png
from jaxunlearn.methods.config import from_config
from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.methods.guide import presets
from jaxunlearn.methods.sugar import presets as sugar_presets
from jaxunlearn.models.loading import Models, load_models
from jaxunlearn.photos.people import people_from_seeds
from jaxunlearn.profiling.devices import processor
from jaxunlearn.reporting.before_after import RunPictures
from jaxunlearn.training.result import Result
from jaxunlearn.training.storage.metrics_log import add_line
from jaxunlearn.training.unlearn import unlearn
from jaxunlearn.workflows.continual import forget_requests
from jaxunlearn.workflows.continual_report import report_requests
from jaxunlearn.workflows.requests import ForgetRequest

FIRST_PERSON = 300
NUMBERS = (1, 5, 10, 20, 50, 200)


def _without(preset: Callable[[int], ConfigDict], name: str, value: Any) -> Callable[[int], ConfigDict]:
    def made(people: int) -> ConfigDict:
        config = preset(people)
        config.update_from_flattened_dict({name: value})
        return config

    return made


def _transformer(people: int) -> ConfigDict:
    config = sugar_presets.heads(people)
    config.target.kind = "mapper-transformer"
    config.surrogates.width, config.surrogates.depth = 128, 2
    return config


def _nearest(people: int) -> ConfigDict:
    config = sugar_presets.heads(people)
    config.target.kind = "nearest"
    config.pairs.adjacent_target = "shifted"
    return config


ROWS: dict[str, Callable[[int], ConfigDict]] = {
    "GUIDE": presets.many_heads,
    "SUGAR": sugar_presets.heads,
    "SUGAR without elastic weights": _without(sugar_presets.heads, "ewc.weight", 0.0),
    "SUGAR, transformer": _transformer,
    "SUGAR, nearest person": _nearest,
}
MAIN = ["GUIDE", "SUGAR"]


def run_all(models: Models, wanted: list[tuple[str, int, int, int]], path: Path, pictures: bool) -> None:
    """Run what is missing in `path`: (row, people, seed, stages)."""
    drop_cut_off_line(path, dict[str, Any])
    lines = read_json_lines(path, dict[str, Any])
    done = {(line["row"], line["people"], line["seed"], line["stages"], line["steps"]) for line in lines}
    missing = [
        (row, people, seed, stages)
        for row, people, seed, stages in wanted
        if (row, people, seed, stages, _steps(row, people, stages)) not in done
    ]
    reference = None
    for row, people, seed, stages in tqdm(missing, unit="run"):
        if reference is None:
            reference = measure_reference(models, ROWS[row](people))
        began = time.monotonic()
        if stages == 1:
            result, figures = _at_once(models, ROWS[row], people, seed, reference)
        else:
            result, figures = None, _in_stages(models, ROWS[row], people, seed, stages, reference, path)
        line = {
            "row": row,
            "people": people,
            "seed": seed,
            "stages": stages,
            "seconds": round(time.monotonic() - began, 1),
            **figures,
        }
        add_line(path, line)
        if pictures and result is not None:  # after the line: neither timed nor able to lose it
            shown = RunPictures(models.generator, result, from_config.compute(ROWS[row](people)))
            name = f"{path.stem}_{people}_{row.lower().replace(', ', '_').replace(' ', '_')}_seed{seed}"
            save_png(path.with_name(f"{name}_people.png"), shown.everybody())
            save_png(path.with_name(f"{name}_others.png"), shown.others(0))


def _people(people: int, seed: int) -> range:
    """Return seeds of people, others for each seed; docs/results/many_people.md says which chose settings."""
    first = FIRST_PERSON + 1000 * seed
    return range(first, first + people)


def _steps(row: str, people: int, stages: int) -> int:
    return sum(ROWS[row](len(part)).steps for part in np.array_split(_people(people, 0), stages))


def _seeded(preset: Callable[[int], ConfigDict], people: int, seed: int) -> ConfigDict:
    config = preset(people)
    config.seed = seed
    return config


def _at_once(
    models: Models, preset: Callable[[int], ConfigDict], people: int, seed: int, reference: Reference
) -> tuple[Result, dict[str, Any]]:
    config = _seeded(preset, people, seed)
    who = people_from_seeds(models, _people(people, seed))
    result = unlearn(models, who.ws, config, progress=False)
    figures = evaluate(models, result, config, reference=reference, progress=False)
    each = figures.pop("people").values()
    figures["id_highest"] = max(person["id"] for person in each)
    figures["forgotten"] = sum(bool(person["forgotten"]) for person in each)
    return result, {"steps": config.steps, **_numbers(figures)}


def _in_stages(
    models: Models,
    preset: Callable[[int], ConfigDict],
    people: int,
    seed: int,
    stages: int,
    reference: Reference,
    path: Path,
) -> dict[str, Any]:
    parts = np.array_split(_people(people, seed), stages)
    requests = [ForgetRequest(f"stage{k + 1}", tuple(map(int, part))) for k, part in enumerate(parts)]
    with tempfile.TemporaryDirectory() as folder:
        forgotten = forget_requests(
            models,
            requests,
            lambda number: _seeded(preset, number, seed),
            Path(folder),
            reference=reference,
            progress=False,
        )
        steps = sum(each.summary["steps"] for each in forgotten.folders)
        report_requests(models, forgotten, _seeded(preset, people, seed))
        for name in ("people", "others"):
            (Path(folder) / f"{name}.png").rename(path.with_name(f"{path.stem}_{stages}_stages_{name}.png"))
    history = [entry.figures for entry in forgotten.registry.entries]
    last = history[-1]
    last["id_highest"] = max(request["id_highest"] for request in last["requests"])
    return {
        "steps": steps,
        **_numbers(last),
        "history": [[request["id"] for request in figures["requests"]] for figures in history],
        "others_history": [figures["others_id"] for figures in history],
    }


def _numbers(figures: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in figures.items() if not isinstance(value, dict | list)}


FIGURES = {
    "id": "ID ↓",
    "fid_forget": "Fréchet",
    "others_id": "ID of others ↑",
    "others_id_p5": "their worst twentieth ↑",
    "fid_pre": "Fréchet of others ↓",
}


def table(lines: list[dict[str, Any]]) -> str:
    """Return the results as markdown: mean ± standard deviation over seeds."""
    lines = [{"fid_forget": float("nan"), **line} for line in lines]
    text = [
        "# SUGAR and GUIDE on many people of the bundled model",
        "",
        f"`python -m benchmarks.sugar_heads`, on {processor()}. Similarities are by the bundled judge, which "
        f"no loss used (threshold {lines[0]['threshold']:.3f}). Fréchet distances are in AlexNet features, "
        "of few pictures and therefore too large. Those of others can be compared in this table. Those of "
        "the forgotten can be compared only in rows of the same N, since N decides how many pictures there "
        "are. A cell is the mean ± standard deviation over seeds. Settings are those of "
        "`jaxunlearn/methods/sugar/presets.py` when the runs were made (of those in the repository: commit "
        "03c2cab). Published for N = 10 (random people), with other people, "
        "another judge and other retained latents: ID of others 0.280 with GUIDE, 0.439 with SUGAR.",
        "",
        f"| N | | seeds | forgotten | highest ID | {' | '.join(FIGURES.values())} | steps | seconds |",
        f"| --- | --- | --- | --- | --- |{' --- |' * len(FIGURES)} --- | --- |",
    ]
    for people in sorted({line["people"] for line in lines}):
        for row in ROWS:
            for stages, steps in sorted({(line["stages"], line["steps"]) for line in lines}):
                key = (row, people, stages, steps)
                of = ("row", "people", "stages", "steps")
                if runs := [line for line in lines if tuple(line[name] for name in of) == key]:
                    label = row if stages == 1 else f"{row}, in {stages} requests"
                    text.append(f"| {people} | {label} | {_cells(runs)} |")
    return "\n".join(text) + "\n"


def _cells(runs: list[dict[str, Any]]) -> str:
    def spread(name: str) -> str:
        values = np.array([run[name] for run in runs], float)
        if np.isnan(values).any():  # a single person has too few pictures
            return "-"
        return f"{values.mean():.3f} ± {values.std():.3f}" if len(values) > 1 else f"{values[0]:.3f}"

    forgotten, people = (sum(run[name] for run in runs) for name in ("forgotten", "people"))
    return " | ".join(
        [
            str(len(runs)),
            f"{forgotten} of {people}",
            f"{max(run['id_highest'] for run in runs):.3f}",
            *(spread(name) for name in FIGURES),
            str(runs[0]["steps"]),
            f"{np.median([run['seconds'] for run in runs]):.0f}",
        ]
    )


def main() -> None:
    """Run and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, nargs="+", default=list(NUMBERS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rows", nargs="+", choices=list(ROWS), default=MAIN)
    parser.add_argument("--stages", type=int, nargs="+", default=[1], help="1: all at once")
    parser.add_argument("--pictures", action="store_true", help="of the runs at once, beside the table")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/sugar_heads"))
    arguments = parser.parse_args()
    path = arguments.out.with_suffix(".jsonl")
    path.parent.mkdir(parents=True, exist_ok=True)
    wanted = [
        (row, people, seed, stages)
        for people in arguments.people
        for seed in range(arguments.seeds)
        for row in arguments.rows
        for stages in arguments.stages
    ]
    run_all(load_models("heads"), wanted, path, arguments.pictures)
    lines = read_json_lines(path, dict[str, Any])
    arguments.out.with_suffix(".md").write_text(table(lines))


if __name__ == "__main__":
    main()
