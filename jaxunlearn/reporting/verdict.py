"""What figures mean, in plain words."""

from collections.abc import Mapping, Sequence
from typing import Any


def verdict(subject: str, figures: Mapping[str, Any]) -> list[str]:
    """Lines about one person; `figures` as `evaluation.evaluate_generator` returns them."""
    threshold, lines = figures["threshold"], []
    one_person = "" if threshold is None else f"; from {threshold:.2f} on two pictures count as one person"
    if figures["id"] is None:
        lines.append(f"{subject}: no face was found in the pictures before and after.")
    elif figures["forgotten"] is None:
        lines.append(f"{subject}: similarity before / after {figures['id']:.2f}.")
    else:
        word = "forgotten" if figures["forgotten"] else "NOT forgotten"
        lines.append(f"{subject} is {word}: similarity before / after {figures['id']:.2f}{one_person}.")
    if figures["id_others"] is not None:
        also = ""
        if threshold is not None:
            also = ", also forgotten" if figures["id_others"] < threshold else ", NOT forgotten there"
        lines.append(f"Other pictures of them: similarity {figures['id_others']:.2f}{also}.")
    return lines + _others(figures)


def verdict_together(subjects: Sequence[str], figures: Mapping[str, Any]) -> list[str]:
    """Lines about many people in one generator; `figures` as `evaluation.evaluate_together` returns them."""
    people = [figures["people"][str(k)] for k in range(len(subjects))]
    if figures["id"] is None:
        return ["No face was found in the pictures before and after.", *_others(figures)]
    hardest = max(range(len(people)), key=lambda k: -2.0 if people[k]["id"] is None else people[k]["id"])
    one_person = ""
    if figures["threshold"] is not None:
        one_person = (
            f"{figures['forgotten']} of {len(people)} people are forgotten (from "
            f"{figures['threshold']:.2f} on two pictures count as one person). "
        )
    lines = [
        f"{one_person}Similarity before / after {figures['id']:.2f} on average, at most "
        f"{people[hardest]['id']:.2f} ({subjects[hardest]}).",
        *_stayed(subjects, people),
    ]
    if figures["id_others"] is not None:
        lines.append(f"Other pictures of them: similarity {figures['id_others']:.2f}.")
    return lines + _others(figures)


def _stayed(subjects: Sequence[str], people: Sequence[Mapping[str, Any]]) -> list[str]:
    """Who is not forgotten, and what would help: a target further away, or getting nearer to it."""
    near, far = [], []
    for subject, figures in zip(subjects, people, strict=True):
        if figures["forgotten"] is False:
            too_near = figures["id_target"] is not None and figures["id_target"] >= figures["threshold"]
            (near if too_near else far).append(f"{subject} ({figures['id']:.2f})")
    advice = {
        "their targets resemble them; raise config.target.distance or config.surrogates.identity": near,
        "they have not become their targets; raise config.steps or lower config.ewc.weight": far,
    }
    return [f"NOT forgotten: {_listed(who)}: {how}." for how, who in advice.items() if who]


def _listed(names: Sequence[str], most: int = 5) -> str:
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")


def _others(figures: Mapping[str, Any]) -> list[str]:
    lines = []
    if figures["others_id"] is not None:
        threshold, verb = figures["threshold"], ""
        if threshold is not None:
            verb = " stay themselves" if figures["others_id"] >= threshold else " do NOT stay themselves"
        lines.append(
            f"Other people{verb}: similarity {figures['others_id']:.2f} on average, "
            f"{figures['others_id_p5']:.2f} for the worst twentieth."
        )
    lines.append(
        f"Their pictures change by LPIPS {figures['retained_lpips']:.3f}; the Fréchet distance of all "
        f"pictures to those before is {figures['fid_pre']:.2f} ({figures['networks']['frechet']} features)."
    )
    return lines


def effort(summary: Mapping[str, Any]) -> str:
    """What a run cost; `summary` as `runner.unlearn` writes it."""
    steps, speed = summary["steps"], summary.get("steps_per_second")
    if speed is None:  # no step was left when it was last resumed
        return f"It took {steps} steps."
    return (
        f"It took {steps} steps in {steps / speed:.0f} s ({speed:.2f} a second on "
        f"{summary['devices']}), after {summary['compile_seconds']:.0f} s of compilation."
    )
