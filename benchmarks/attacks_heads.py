"""Attacks on people forgotten one at a time, by GUIDE and by LEGATO, on fresh people of the bundled model.

    python -m benchmarks.attacks_heads  # minutes a person and method on two cores
    python -m benchmarks.attacks_heads --seeds 10007 10008 --methods legato

The runs are those of `one_person_heads.py`: runs that are there are attacked, others are made first. Each
attacked person is a line of `attacks_heads.jsonl`, and is not attacked again; `attacks_heads.md` is written
anew after each.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.attacks_page import ATTACKS, Line, page
from benchmarks.one_person_heads import FIRST_PERSON, ROOT, config_of, folder_of
from benchmarks.one_person_page import METHODS, Case
from benchmarks.one_person_runs import completed, trained
from jaxunlearn.attacks.attack import attack, attack_reference
from jaxunlearn.evaluation.reference import Reference
from jaxunlearn.files.door import write_text
from jaxunlearn.models.loading import Models, load_models
from jaxunlearn.profiling.devices import processor

PEOPLE = 5


def line_of(models: Models, reference: Reference, case: Case, runs: Path) -> Line:
    """Forget a person where that was not done yet, and attack the generator."""
    config = config_of(case)
    result = trained(models, case.seed, config, folder_of(case, runs))
    found = attack(models, result, config, attacks=ATTACKS, reference=reference, progress=False)
    return {
        "method": case.method,
        "seed": case.seed,
        "depth": found["depth"],
        "processor": processor(),
        "seconds": sum(found["seconds"]["0"].values()),
        "found": {name: found["people"]["0"][name] for name in ATTACKS},
    }


def main(arguments: list[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--methods", nargs="+", choices=list(METHODS), default=list(METHODS))
    parser.add_argument(
        "--seeds",
        nargs="+",
        type=int,
        default=list(range(FIRST_PERSON, FIRST_PERSON + PEOPLE)),
        help=f"seeds of people [{FIRST_PERSON} to {FIRST_PERSON + PEOPLE - 1}]",
    )
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "one_person_heads", metavar="DIR")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, metavar="DIR")
    asked = parser.parse_args(arguments)
    file = asked.out / "attacks_heads.jsonl"
    wanted = [Case(method, seed, 0) for seed in asked.seeds for method in asked.methods]

    def begin(case: Case) -> Callable[[Case], Line]:
        models = load_models("heads")
        reference = attack_reference(models, config_of(case))
        return lambda case: line_of(models, reference, case, asked.runs)

    def write(lines: Sequence[Line]) -> None:
        write_text(asked.out / "attacks_heads.md", page(lines))

    completed(file, Line, wanted, lambda line: Case(line["method"], line["seed"], 0), begin, write)


if __name__ == "__main__":
    main()
