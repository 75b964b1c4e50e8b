"""Train the generator of synthetic people on one GPU in a given time: time steps, plan them, train.

    python -m benchmarks.gpu.train --out OUT --work WORK --seconds 480

People are rendered by the processor's cores while it trains: as many as they can render in time. An
unfinished training in WORK is resumed with the numbers of steps and people that were planned at its start;
other settings are refused then. OUT gets network, figures and picture.
"""

import argparse
import json
import runpy
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import jax
from ml_collections import ConfigDict

import lpips_flax
from eg3d_flax import Compute
from jaxunlearn.errors import InputError, Interrupted
from jaxunlearn.images import save_png
from jaxunlearn.methods.config.declaration import flat
from jaxunlearn.models.generator import load_generator
from jaxunlearn.zoo.metrics.generator_metrics import evaluate, picture
from jaxunlearn.zoo.synthetic.photographs import PEOPLE_PER_SHARD
from jaxunlearn.zoo.training.generator import GeneratorTask
from jaxunlearn.zoo.training.generator_data import Batch
from jaxunlearn.zoo.training.trainer import CONFIG, Config, export, train

ROOT = Path(__file__).parents[2]
TIMED_STEPS = 20
SHARES = {"surface": 0.4, "patches": 0.5, "whole": 0.1}
"""Shares of the time of the steps."""
PHASES = tuple(SHARES)
NETWORK, FIGURES, PICTURE = "heads.safetensors", "evaluation.json", "heads.png"


PLANNED = (
    *("surface_steps", "volume_steps", "whole_steps", "rate.warmup"),
    *("data.people", "data.people_per_step"),
)
"""What `set_steps` sets."""
CERTAIN = 0.9
"""Share of the measured speed of rendering that is counted on."""


class Plan(NamedTuple):
    """Numbers of steps."""

    surface: int
    patches: int
    whole: int


def plan_of(seconds: float, step_seconds: dict[str, float]) -> Plan:
    """Share out the time.

    Args:
      seconds: for all steps.
      step_seconds: name of a phase → seconds of one of its steps.
    """
    return Plan(*(max(1, int(seconds * SHARES[phase] / step_seconds[phase])) for phase in PHASES))


def time_steps(task: GeneratorTask, batch_of: Callable[[int], Batch], steps: int) -> dict[str, float]:
    """Compile the steps of all phases, and return the seconds of one of each; what they train is dropped.

    Drawing the batches counts, because a step waits for its batch where that takes longer.
    """
    state, seconds = task.initial_state(), {}
    for phase, number in zip(PHASES, first_steps(task.config), strict=True):
        state, _ = task.step(state, batch_of(0), number)
        jax.block_until_ready(state)
        began = time.monotonic()
        for again in range(steps):
            state, _ = task.step(state, batch_of(again), number)
        jax.block_until_ready(state)
        seconds[phase] = (time.monotonic() - began) / steps
    return seconds


def first_steps(config: Config) -> tuple[int, int, int]:
    """Return the number of the first step of each phase, counted from 0."""
    surface, volume = config.surface_steps, config.volume_steps
    return 0, surface, surface + volume - config.whole_steps


def people_in_time(plan: Plan, surface_seconds: float, *, arrived: int, rate: float) -> int:
    """Return how many people will be there half-way through the first phase, in whole shards.

    Args:
      plan: the numbers of steps.
      surface_seconds: of a step of the first phase.
      arrived: number of people who are there before the first step.
      rate: people who arrive in a second.
    """
    people = arrived + CERTAIN * rate * surface_seconds * plan.surface / 2
    return int(people) // PEOPLE_PER_SHARD * PEOPLE_PER_SHARD


def set_steps(config: Config, plan: Plan, people: int) -> None:
    """Set the numbers of steps in a config, and of people: no more than `people`, but for the first."""
    config.surface_steps, config.whole_steps = plan.surface, plan.whole
    config.volume_steps = plan.patches + plan.whole
    config.rate.warmup = min(config.rate.warmup, max(1, plan.surface // 20))
    data = config.data
    data.people = min(data.people, max(data.first_people, people))
    data.people_per_step = 2 * (data.people - data.first_people) / plan.surface  # all are there half-way


def settings(options: argparse.Namespace) -> Config:
    """Return the committed settings, changed for one large GPU."""
    config: Any = runpy.run_path(str(ROOT / "configs/zoo/generator.py"))["get_config"]()
    config.dtype = "bfloat16"
    config.batch.people = 32
    config.batch_threads = 4
    config.data.people = 32768
    config.data.first_people = 2048
    config.data.people_per_step = 0.0  # while steps are timed, which must not wait for people
    config.data.workers = 12  # of 16 cores; the others draw batches
    config.data.folder = str(options.work / "photographs")
    config.log_every, config.evaluate_every = 100, 10**9  # looked at in the end
    config.checkpoint_minutes = 1.0
    change(config, options.set)
    return config


def change(config: Config, changes: Iterable[str]) -> None:
    """Make the changes `NAME=JSON` in a config."""
    with config.ignore_type():
        for each in changes:
            name, _, value = each.partition("=")
            config.update_from_flattened_dict({name: json.loads(value)})


def saved_settings(options: argparse.Namespace, run: Path) -> Config:
    """Return the settings of the training in a run folder, changed as `settings` does but for the plan."""
    config: Config = ConfigDict(json.loads((run / CONFIG).read_text()))
    planned = {name: value for name, value in flat(config).items() if name in PLANNED}
    config.data.folder = str(options.work / "photographs")
    change(config, options.set)
    config.update_from_flattened_dict(planned)
    return config


def trained(options: argparse.Namespace, run: Path) -> GeneratorTask:
    """Train, or resume the training in a run folder; it is interrupted when the time is over."""
    began = time.monotonic()
    if (run / CONFIG).is_file():
        task = GeneratorTask(saved_settings(options, run))
        figures = train(task, run)  # refuses changes that it cannot resume with
    else:
        config = settings(options)
        task = GeneratorTask(config)
        with task.batches() as batch_of:  # not closed before `train`, so that people go on arriving
            timing_began, first = time.monotonic(), task.arrived
            measured = time_steps(task, batch_of, options.timed_steps)
            now, arrived = time.monotonic(), task.arrived
            rate = (arrived - first) / (now - timing_began)
            plan = plan_of(options.seconds - (now - began), measured)
            people = people_in_time(plan, measured["surface"], arrived=arrived, rate=rate)
            set_steps(config, plan, people)  # the compiled steps do not depend on these numbers
            said = {"step_seconds": measured, "steps": plan._asdict(), "people_a_second": round(rate, 1)}
            print(json.dumps({**said, "people": config.data.people}), flush=True)
            figures = train(task, run)
    print(json.dumps(figures), flush=True)
    return task


def evaluated(task: GeneratorTask, run: Path, out: Path) -> dict[str, Any]:
    """Write the network in 8 bits, its figures on held-out people, and a picture; return the figures."""
    figures: dict[str, Any] = {"float32": export(run, out / NETWORK, "uint8")}
    generator, compute = load_generator(str(out / NETWORK)), Compute.for_platform(jax.default_backend())
    held_out = task.held_out()
    people = len(held_out.z)
    figures["uint8"] = evaluate(generator, held_out, lpips_flax.load("alex"), compute, people=people)
    figures["bytes"] = (out / NETWORK).stat().st_size
    (out / FIGURES).write_text(json.dumps(figures, indent=1) + "\n")
    save_png(out / PICTURE, picture(generator, held_out, compute))
    return figures


def table(figures: dict[str, Any]) -> str:
    """Return the figures as a table: weights as trained, and in 8 bits."""
    names = [name for name in figures["float32"] if isinstance(figures["float32"][name], float)]
    rows: list[list[str]] = [["weights", *names], ["---"] * (1 + len(names))]
    rows += [[kind, *(str(figures[kind][name]) for name in names)] for kind in ("float32", "uint8")]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return 75 if the time was over before the training, and 2 for wrong input."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for the results")
    parser.add_argument("--work", type=Path, required=True, help="folder for photographs and the run")
    parser.add_argument("--seconds", type=float, default=420, help="for compiling and all steps")
    parser.add_argument("--timed-steps", type=int, default=TIMED_STEPS, help="steps to measure of each phase")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=JSON", help="change a setting: batch.people=8"
    )
    options = parser.parse_args(arguments)
    run = options.work / "run"
    for folder in (options.out, run):
        folder.mkdir(parents=True, exist_ok=True)
    try:
        task = trained(options, run)
    except InputError as error:
        print(f"train.py: {error}", file=sys.stderr)
        return 2
    except Interrupted as interruption:
        print(interruption, file=sys.stderr)
        return 75
    print(table(evaluated(task, run, options.out)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
