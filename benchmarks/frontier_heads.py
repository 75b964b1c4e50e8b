"""The frontier of GUIDE and LEGATO on fresh people: how many are forgotten against how many others are lost.

    python -m benchmarks.frontier_heads                       # minutes a person and method on two cores
    python -m benchmarks.frontier_heads --people 2 --strengths 0.5

Each run of `one_person_heads.py` is measured at other strengths, without training anew: 0 is the source, 1
the trained generator. LEGATO's adapters run to `strength` times their end time. GUIDE's weights go `strength`
times the way from the source, in a straight line, also beyond 1.

Runs that are there are taken, others are made first. Each measured strength is a line of
`frontier_heads.jsonl`, and is not measured again; `frontier_heads.md` is written anew after each.
"""

import argparse
import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import jax
from flax import nnx

from benchmarks.frontier_page import Line, page
from benchmarks.one_person_heads import FIRST_PERSON, ROOT, config_of, folder_of
from benchmarks.one_person_page import METHODS, Case
from benchmarks.one_person_runs import completed, kept, measured, photo_latents, trained
from jaxunlearn.evaluation.evaluate import evaluate, measure_reference
from jaxunlearn.evaluation.reference import Reference
from jaxunlearn.evaluation.strength import at_strength
from jaxunlearn.files.door import write_text
from jaxunlearn.models.adapters import has_adapters
from jaxunlearn.models.generator import Generator
from jaxunlearn.models.loading import Models, load_models
from jaxunlearn.profiling.devices import processor
from jaxunlearn.training.result import Result

PEOPLE = 5
STRENGTHS = (0.5, 0.75, 1.0, 1.25, 1.5)


class Point(NamedTuple):
    """A run, and how far its generator goes."""

    case: Case
    strength: float


def points(methods: Sequence[str], people: int, draw: int, strengths: Sequence[float]) -> list[Point]:
    """Return all points, person by person, so that methods can be compared early."""
    seeds = range(FIRST_PERSON, FIRST_PERSON + people)
    cases = [Case(method, seed, draw) for seed in seeds for method in methods]
    return [Point(case, strength) for case in cases for strength in strengths]


def point_of(line: Line) -> Point:
    """Return the point of a line."""
    return Point(Case(line["method"], line["seed"], line["draw"]), line["strength"])


def on_the_way(source: Generator, result: Result, strength: float) -> Result:
    """Return a result whose generators go `strength` times the way from the source, without a folder.

    Args:
      source: the generator that training started from.
      result: of a run; adapters run to `strength` times their end time.
      strength: 0 is the source and 1 the trained generator.
    """
    if has_adapters(result.generator):
        return at_strength(result, strength)
    generators = tuple(_between(source, trained, strength) for trained in result.generators)
    return dataclasses.replace(result, generators=generators, folder=None)


def _between(source: Generator, trained: Generator, strength: float) -> Generator:
    """Return a generator whose weights lie on the line through two generators'."""
    graph, after = nnx.split(trained)
    before = nnx.state(source)
    return nnx.merge(graph, jax.tree.map(lambda old, new: old + strength * (new - old), before, after))


def line_of(models: Models, reference: Reference, point: Point, runs: Path) -> Line:
    """Forget a person where that was not done yet, and measure the generator at a strength."""
    case = point.case
    config, folder = config_of(case), folder_of(case, runs)
    if point.strength == 1:
        figures = measured(models, reference, case.seed, config, folder)["figures"]
    else:
        result = on_the_way(models.generator, trained(models, case.seed, config, folder), point.strength)
        photos = photo_latents(models, case.seed, config, runs)
        found = evaluate(models, result, config, reference=reference, other_ws=photos, progress=False)
        figures = kept(found["people"]["0"])
    return {
        "method": case.method,
        "seed": case.seed,
        "draw": case.draw,
        "strength": point.strength,
        "processor": processor(),
        "figures": figures,
    }


def main(arguments: list[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--methods", nargs="+", choices=list(METHODS), default=list(METHODS))
    parser.add_argument("--people", type=int, default=PEOPLE, help="number of people [%(default)s]")
    parser.add_argument("--draw", type=int, default=0, help="seed of the runs [%(default)s]")
    parser.add_argument("--strengths", nargs="+", type=float, default=list(STRENGTHS), metavar="S")
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "one_person_heads", metavar="DIR")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, metavar="DIR")
    asked = parser.parse_args(arguments)
    file = asked.out / "frontier_heads.jsonl"
    wanted = points(asked.methods, asked.people, asked.draw, asked.strengths)

    def begin(point: Point) -> Callable[[Point], Line]:
        models = load_models("heads")
        reference = measure_reference(models, config_of(point.case))
        return lambda point: line_of(models, reference, point, asked.runs)

    def write(lines: Sequence[Line]) -> None:
        write_text(asked.out / "frontier_heads.md", page(lines))

    completed(file, Line, wanted, point_of, begin, write)


if __name__ == "__main__":
    main()
