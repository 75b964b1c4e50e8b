"""Say in plain words what figures mean."""

from collections.abc import Mapping, Sequence
from typing import Any


def verdict(subject: str, figures: Mapping[str, Any]) -> list[str]:
    """Return lines about one person.

    Args:
      subject: name of the person.
      figures: as returned by `evaluation.evaluate_generator`.
    """
    threshold, lines = figures["threshold"], []
    same_person = "" if threshold is None else f"; from {threshold:.2f} on, two pictures count as one person"
    if figures["id"] is None:
        lines.append(
            f"{subject}: not measured, because no pair of pictures has a face both before and after."
        )
    elif figures["forgotten"] is None:
        lines.append(f"{subject}: similarity before and after {figures['id']:.2f}.")
    else:
        word = "forgotten" if figures["forgotten"] else "NOT forgotten"
        lines.append(f"{subject} is {word}: similarity before and after {figures['id']:.2f}{same_person}.")
    if figures["id_others"] is not None:
        word = ""
        if threshold is not None:
            word = ", also forgotten" if figures["id_others"] < threshold else ", NOT forgotten there"
        lines.append(f"Other pictures of them: similarity {figures['id_others']:.2f}{word}.")
    return lines + _others(figures)


def verdict_together(subjects: Sequence[str], figures: Mapping[str, Any]) -> list[str]:
    """Return lines about many people in one generator.

    Args:
      subjects: names of the people.
      figures: as returned by `evaluation.evaluate_together`.
    """
    people = [figures["people"][str(k)] for k in range(len(subjects))]
    if figures["id"] is None:
        return [
            "Not measured, because no pair of pictures has a face both before and after.",
            *_others(figures),
        ]
    hardest = max(range(len(people)), key=lambda k: -2.0 if people[k]["id"] is None else people[k]["id"])
    count = ""
    if figures["threshold"] is not None:
        count = (
            f"{figures['forgotten']} of {len(people)} people are forgotten; from "
            f"{figures['threshold']:.2f} on, two pictures count as one person. "
        )
    lines = [
        f"{count}Similarity before and after: {figures['id']:.2f} on average, at most "
        f"{people[hardest]['id']:.2f} ({subjects[hardest]}).",
        *_not_forgotten(subjects, people),
    ]
    if figures["id_others"] is not None:
        lines.append(f"Other pictures of them: similarity {figures['id_others']:.2f}.")
    return lines + _others(figures)


def _not_forgotten(subjects: Sequence[str], people: Sequence[Mapping[str, Any]]) -> list[str]:
    """Name the people that are not forgotten, and the settings that would help."""
    near, far = [], []
    for subject, figures in zip(subjects, people, strict=True):
        if figures["forgotten"] is False:
            too_near = figures["id_target"] is not None and figures["id_target"] >= figures["threshold"]
            (near if too_near else far).append(f"{subject} ({figures['id']:.2f})")
    advice = {
        "Their targets resemble them: raise config.target.distance or config.surrogates.identity": near,
        "They did not become their targets: raise config.steps or lower config.ewc.weight": far,
    }
    return [f"NOT forgotten: {_listed(names)}. {text}." for text, names in advice.items() if names]


def _listed(names: Sequence[str], most: int = 5) -> str:
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")


def _others(figures: Mapping[str, Any]) -> list[str]:
    lines = []
    if figures["others_id"] is not None:
        threshold, verb = figures["threshold"], ""
        if threshold is not None:
            verb = " stay the same" if figures["others_id"] >= threshold else " do NOT stay the same"
        lines.append(
            f"Other people{verb}: similarity {figures['others_id']:.2f} on average, below "
            f"{figures['others_id_p5']:.2f} for one person in twenty."
        )
    lines.append(
        f"Their pictures change by LPIPS {figures['retained_lpips']:.3f}. The Fréchet distance between the "
        f"pictures before and after is {figures['fid_pre']:.2f} ({figures['networks']['frechet']} features)."
    )
    return lines


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
