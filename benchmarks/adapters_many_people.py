"""Many people in one generator with adapters, beside SUGAR's weights, on the bundled model.

    python benchmarks/adapters_many_people.py                               # everything, hours on two cores
    python benchmarks/adapters_many_people.py --people 5 --draws 1 --rows sugar-weights sugar-adapter
    python benchmarks/adapters_many_people.py --people 2 --draws 1 --steps 4 --out runs/short

Four ways to forget the same N people:

- `sugar-weights`: SUGAR, which trains the weights of the backbone;
- `sugar-adapter`: SUGAR's pairs, surrogates and elastic weights, but one adapter for all is trained;
- `legato-composed`: LEGATO, an adapter for each person, trained without the others; then all of them one
  after the other in one generator;
- `legato-alone`: the same adapters, each alone in a generator of its own, as LEGATO has it.

All take the same number of steps, SUGAR's for N people; with LEGATO each adapter takes that many. One adapter
has nothing to be composed with, so that N = 1 has no `legato-composed`. All four are measured alike.

Writes `results.jsonl`, a line a case, and `table.md` after each case. Cases found there are not run again.
Each run has a folder in `runs/`, where a case that was cut off goes on. Seeds are under 1000: development
people.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np
from flax import nnx

from jaxunlearn.evaluation import Reference
from jaxunlearn.evaluation.evaluate import evaluate, measure_reference
from jaxunlearn.files.door import write_text
from jaxunlearn.files.json_lines import drop_cut_off_line, read_json_lines
from jaxunlearn.methods.registry import method_of, preset
from jaxunlearn.methods.settings import ConfigDict
from jaxunlearn.models.loading import Models, load_models
from jaxunlearn.photos.people import people_from_seeds
from jaxunlearn.profiling.devices import processor
from jaxunlearn.profiling.tables import rows, significant
from jaxunlearn.training.composition import composed
from jaxunlearn.training.result import Result
from jaxunlearn.training.storage.metrics_log import add_line
from jaxunlearn.training.unlearn import unlearn

PRESETS = {
    "sugar-weights": "sugar/heads",
    "sugar-adapter": "sugar/heads_adapters",
    "legato-composed": "legato/heads",
    "legato-alone": "legato/heads",
}
"""Row → preset; rows with the same preset share a run."""
NUMBERS = (1, 5, 10)
MOST_DRAWS = 9
_MOST_PEOPLE = 100
"""In a draw, since the seeds of a draw begin a hundred after those of the one before."""
_COPIES_AT_ONCE = 5
"""Adapters of LEGATO that are trained at the same time, to save memory."""

Line = dict[str, Any]
Case = tuple[str, int, int, int]
"""Row, number of people, draw, steps."""


def seeds_of(people: int, draw: int) -> list[int]:
    """Return the seeds of the people of a draw, from 100 to 999."""
    first = 100 * (draw + 1)
    return list(range(first, first + people))


def cases(numbers: Sequence[int], draws: int, names: Sequence[str], steps: int | None) -> list[Case]:
    """Return all cases: a first draw of every number, then the second, ...

    Args:
      numbers: of people.
      draws: how many groups of people.
      names: rows.
      steps: of every run; None takes SUGAR's for the number of people.
    """
    return [
        (row, people, draw, steps or preset(PRESETS["sugar-weights"], people).steps)
        for draw in range(draws)
        for people in numbers
        for row in names
        if people > 1 or row != "legato-composed"
    ]


def config_of(row: str, people: int, draw: int, steps: int) -> ConfigDict:
    """Return the settings of a run; what is measured, and how, is the same in all rows."""
    config, like = (preset(PRESETS[name], people) for name in (row, "sugar-weights"))
    config.update(seed=draw, steps=steps, images_every=0, checkpoint_every=40)
    config.evaluation = like.evaluation
    if not method_of(config).shares_generator(config):
        config.copies_at_once = _COPIES_AT_ONCE
    return config


def run(models: Models, reference: Reference, case: Case, folder: Path) -> Line:
    """Run a case and measure it; steps that its folder has already are not taken again."""
    row, people, draw, steps = case
    config = config_of(*case)
    who = people_from_seeds(models, seeds_of(people, draw))
    name = f"{PRESETS[row].replace('/', '-')}-{people}-{draw}-{steps}"
    trained = unlearn(models, who, config, workdir=folder / name, progress=False)
    assert trained.folder is not None
    measured = composed(models, [trained.folder]) if row == "legato-composed" else trained
    figures = evaluate(models, measured, config, reference=reference, progress=False)
    each = list(figures["people"].values()) if "people" in figures else [figures]
    known = [person["id"] for person in each if person["id"] is not None]
    return {
        "row": row,
        "people": people,
        "draw": draw,
        "steps": steps,
        "seeds": list(who.seeds),
        "processor": processor(),
        "steps_per_second": trained.summary.get("steps_per_second"),
        **sizes(models, trained),
        **{name: value for name, value in figures.items() if not isinstance(value, dict | list)},
        "id_highest": max(known, default=None),
        "forgotten": sum(bool(person["forgotten"]) for person in each),
        "at_latent": sum(person["forgotten_by"]["latent"] is False for person in each),
    }


def sizes(models: Models, result: Result) -> dict[str, int]:
    """Return how many numbers of all generators differ from the source's, and the bytes of all files."""
    assert result.folder is not None
    source = [np.asarray(leaf) for leaf in jax.tree.leaves(nnx.state(models.generator))]
    files = [result.folder.generator(k) for k in range(len(result.generators))]

    def changed(generator: Any) -> int:
        leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(nnx.state(generator))]
        if len(leaves) > len(source):  # adapters, and the source as it was
            return sum(leaf.size for leaf in leaves) - sum(leaf.size for leaf in source)
        return sum(a.size for a, b in zip(leaves, source, strict=True) if not np.array_equal(a, b))

    return {
        "trained": sum(changed(generator) for generator in result.generators),
        "bytes": sum(file.stat().st_size for file in files),
    }


def case_of(line: Line) -> Case:
    """Return the case of a line."""
    return line["row"], line["people"], line["draw"], line["steps"]


HEADER = (
    "people and row",
    "draws",
    "forgotten",
    "found at their latent",
    "ID ↓",
    "highest ID ↓",
    "ID of others ↑",
    "their worst twentieth ↑",
    "others lost ↓",
    "Fréchet of others ↓",
    "trained numbers",
    "files MB",
    "steps",
    "steps/s",
)


def _cells(lines: Sequence[Line]) -> list[str]:
    def mean(name: str) -> str:
        values = [line[name] for line in lines if line.get(name) is not None]
        return f"{np.mean(values):.3f}" if values else "-"

    first, people = lines[0], sum(line["people"] for line in lines)
    highest = [line["id_highest"] for line in lines if line["id_highest"] is not None]
    return [
        f"{first['people']}: {first['row']}",
        str(len(lines)),
        f"{sum(line['forgotten'] for line in lines)} of {people}",
        f"{sum(line['at_latent'] for line in lines)} of {people}",
        mean("id"),
        f"{max(highest):.3f}" if highest else "-",
        mean("others_id"),
        mean("others_id_p5"),
        mean("others_lost"),
        mean("fid_pre"),
        f"{first['trained']:,}",
        significant(first["bytes"] / 1e6),
        str(first["steps"]),
        mean("steps_per_second"),
    ]


def page(lines: Sequence[Line]) -> Iterator[str]:
    """Yield the lines of the page; means over draws."""
    yield "# Many people in one generator: adapters beside weights"
    yield ""
    yield "`python benchmarks/adapters_many_people.py` on the bundled model. Its first lines say what the"
    yield "rows are. Similarities are by the main judge, which no loss used; forgotten means that no judge"
    yield "finds the person at their latent, from the sides or nearer to the mean face; other photos are not"
    yield "looked at. `legato-alone` has a generator for each person, and its figures of"
    yield "others are means over them; all other rows have one generator. Others are lost whom a judge takes"
    yield "for somebody else afterwards. Weights of losses and penalties"
    yield "were chosen for SUGAR's weights and for one person of LEGATO, and not again for adapters."
    yield ""
    yield f"Timed on {', '.join(sorted({line['processor'] for line in lines}))}; seeds "
    yield f"{', '.join(map(str, sorted({seed for line in lines for seed in line['seeds']})))}."
    yield ""
    keys = sorted({(line["people"], line["steps"]) for line in lines})
    groups = [
        [line for line in lines if (line["row"], line["people"], line["steps"]) == (row, people, steps)]
        for people, steps in keys
        for row in PRESETS
    ]
    yield from rows(HEADER, [_cells(group) for group in groups if group])


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is missing, and write the page after each case."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, nargs="+", default=list(NUMBERS), metavar="N")
    parser.add_argument("--draws", type=int, default=2, help="groups of people, at most 9 [%(default)s]")
    parser.add_argument("--rows", nargs="+", choices=list(PRESETS), default=list(PRESETS))
    parser.add_argument("--steps", type=int, help="of every run [SUGAR's for N people]")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/adapters_many_people"), metavar="DIR")
    asked = parser.parse_args(arguments)
    if not all(1 <= number <= _MOST_PEOPLE for number in asked.people) or not 1 <= asked.draws <= MOST_DRAWS:
        parser.error(f"--people are from 1 to {_MOST_PEOPLE}, --draws from 1 to {MOST_DRAWS}")
    asked.out.mkdir(parents=True, exist_ok=True)
    file = asked.out / "results.jsonl"
    drop_cut_off_line(file, Line)
    done = {case_of(line) for line in read_json_lines(file, Line)}
    missing = [case for case in cases(asked.people, asked.draws, asked.rows, asked.steps) if case not in done]
    if missing:
        models = load_models("heads")
        reference = measure_reference(models, config_of(*missing[0]))
        for case in missing:
            add_line(file, run(models, reference, case, asked.out / "runs"))
            write_text(asked.out / "table.md", "\n".join(page(read_json_lines(file, Line))) + "\n")
            print("{}, {} people, draw {}, {} steps: done".format(*case))


if __name__ == "__main__":
    main(sys.argv[1:])
