"""Say in plain words what came out of a run."""

from collections.abc import Mapping, Sequence
from typing import Any

from jaxunlearn.methods.base import Advice
from jaxunlearn.reporting.verdict.others import other_people
from jaxunlearn.reporting.verdict.person import person_lines
from jaxunlearn.reporting.verdict.together import verdict_together


def verdict_of_run(
    subjects: Sequence[str], figures: Mapping[str, Any], *, together: bool, advice: Advice
) -> list[str]:
    """Return lines about all people of a run.

    Args:
      subjects: names of the people.
      figures: as returned by `evaluation.evaluate.evaluate`.
      together: True if one generator forgot several people.
      advice: of the method, for these people.
    """
    if together:
        return verdict_together(subjects, figures, advice)
    people = figures["people"]
    return [line for k, subject in enumerate(subjects) for line in verdict(subject, people[str(k)])]


def verdict(subject: str, figures: Mapping[str, Any]) -> list[str]:
    """Return lines about one person.

    Args:
      subject: name of the person.
      figures: as returned by `evaluation.evaluate_generator`.
    """
    return [*person_lines(subject, figures), *other_people(figures)]


def run_cost(summary: Mapping[str, Any]) -> str:
    """Return a line on how long a run took.

    Args:
      summary: of the run folder, as `training.unlearn` writes it.
    """
    steps, speed = summary["steps"], summary.get("steps_per_second")
    if speed is None:  # the run was resumed with no step left, so nothing was timed
        return f"The run took {steps} steps."
    return (
        f"The run took {steps} steps in {steps / speed:.0f} s ({speed:.2f} per second on "
        f"{summary['devices']}), after {summary['compile_seconds']:.0f} s of compilation."
    )
