"""Say in plain words what figures mean."""

from collections.abc import Mapping, Sequence
from typing import Any

PLACES = {
    "latent": "at their latent",
    "wide": "from the sides",
    "truncated": "at a truncated latent",
    "photos": "in other photos",
}
"""Where a person is looked for, see `evaluation.forgetting`."""


def verdict(subject: str, figures: Mapping[str, Any]) -> list[str]:
    """Return lines about one person.

    Args:
      subject: name of the person.
      figures: as returned by `evaluation.evaluate_generator`.
    """
    return [*person_lines(subject, figures), *_other_people(figures)]


def person_lines(subject: str, figures: Mapping[str, Any]) -> list[str]:
    """Return the lines of `verdict` about the person alone.

    Args:
      subject: name of the person.
      figures: as returned by `evaluation.forgotten_figures`.
    """
    if figures["id"] is None:
        return [f"{subject}: not measured, because no pair of pictures has a face both before and after."]
    lines = [_headline(subject, figures), _similarities(figures)]
    if figures["id_others"] is not None:
        lines.append(_other_photos(figures))
    return [*lines, *_target(figures)]


def found_by(figures: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return place → names of the judges that find the person there, without places where nobody does."""
    judges = figures["judges"].items()
    by_place = {place: [name for name, judged in judges if judged["found"][place]] for place in PLACES}
    return {place: names for place, names in by_place.items() if names}


def looked(figures: Mapping[str, Any]) -> list[str]:
    """Return the places where at least one judge could look."""
    return [place for place in PLACES if figures["forgotten_by"][place] is not None]


def _headline(subject: str, figures: Mapping[str, Any]) -> str:
    if figures["forgotten"] is None:
        return f"{subject}: similarity before and after {figures['id']:.2f}."
    if not figures["forgotten"]:
        where = "; ".join(f"{PLACES[place]} by {_and(names)}" for place, names in found_by(figures).items())
        return f"{subject} is NOT forgotten: still found {where}."
    judges = figures["judges"]
    who = "the judge does not find them" if len(judges) == 1 else f"none of {len(judges)} judges finds them"
    return f"{subject} is forgotten: {who} {_or([PLACES[place] for place in looked(figures)])}."


def _similarities(figures: Mapping[str, Any]) -> str:
    """Return each judge's similarity at the latent, beside what strangers have."""
    texts = []
    for name, judged in figures["judges"].items():
        if judged["id"] is None:
            continue
        text = f"{judged['id']:.2f} to {name}"
        if judged["threshold"] is not None:
            text += f" (one person from {judged['threshold']:.2f} on"
            rank = judged["stranger_rank"]
            text += ")" if rank is None else f"; {100 * rank:.0f} of 100 pairs of strangers are as alike)"
        texts.append(text)
    return f"Similarity before and after: {', '.join(texts)}."


def _other_photos(figures: Mapping[str, Any]) -> str:
    texts = []
    for name, judged in figures["judges"].items():
        if judged["id_others"] is not None:
            count = "" if judged["threshold"] is None else f", found in {judged['others_found']}"
            texts.append(f"at most {judged['id_others_max']:.2f} to {name}{count} of {judged['others']}")
    return f"Other pictures of them: similarity {figures['id_others']:.2f} on average; {', '.join(texts)}."


def _target(figures: Mapping[str, Any]) -> list[str]:
    """Return a line on whether the person became their target, where that was measured."""
    reached = {
        name: judged["reaches_target"]
        for name, judged in figures["judges"].items()
        if judged["reaches_target"] is not None
    }
    if not reached:
        return []
    missed = [name for name, each in reached.items() if not each]
    if not missed:
        return ["They became their target."]
    return [
        f"They did NOT become their target to {_and(missed)}: somebody in between, perhaps a damaged face."
    ]


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
            *_other_people(figures),
        ]
    hardest = max(range(len(people)), key=lambda k: -2.0 if people[k]["id"] is None else people[k]["id"])
    count = ""
    if figures["forgotten"] is not None:
        looked_by = len(figures["judges"])
        judges = "the judge" if looked_by == 1 else f"{looked_by} judges"
        places = [place for place in PLACES if any(p["forgotten_by"][place] is not None for p in people)]
        where = _or([PLACES[place] for place in places])
        count = f"{figures['forgotten']} of {len(people)} people are forgotten: {judges} looked {where}. "
    lines = [
        f"{count}Similarity before and after: {figures['id']:.2f} on average, at most "
        f"{people[hardest]['id']:.2f} ({subjects[hardest]}).",
        *_where_found(people),
        *_not_forgotten(subjects, people),
    ]
    if figures["id_others"] is not None:
        lines.append(f"Other pictures of them: similarity {figures['id_others']:.2f} on average.")
    return lines + _other_people(figures)


def _where_found(people: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a line with the number of people that are found in each place."""
    counts = {place: sum(place in found_by(figures) for figures in people) for place in PLACES}
    texts = [f"{count} {PLACES[place]}" for place, count in counts.items() if count]
    return [f"Still found: {', '.join(texts)}."] if texts else []


def _not_forgotten(subjects: Sequence[str], people: Sequence[Mapping[str, Any]]) -> list[str]:
    """Name the people that are not forgotten at their latent, and the settings that would help."""
    near, far = [], []
    for subject, figures in zip(subjects, people, strict=True):
        if figures["forgotten_by"]["latent"] is False:
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


def _and(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _or(places: Sequence[str]) -> str:
    return places[0] if len(places) == 1 else f"{', '.join(places[:-1])} or {places[-1]}"


def _other_people(figures: Mapping[str, Any]) -> list[str]:
    lines = []
    if figures["others_id"] is not None:
        share, verb = figures["others_lost"], ""
        if share is not None:
            verb = " stay the same" if share <= MOST_LOST else " do NOT stay the same"
            counts = figures["others_lost_counts"]
            verb += f": {counts['number']:.0f} of {counts['people']:.0f} are somebody else to a judge, with"
        lines.append(
            f"Other people{verb or ':'} similarity {figures['others_id']:.2f} on average, below "
            f"{figures['others_id_p5']:.2f} for one person in twenty."
        )
    lines += [
        f"Near the forgotten, {radius} median radii away, {near['lost_counts']['number']:.0f} of "
        f"{near['lost_counts']['people']:.0f} people are lost."
        for radius, near in figures["near"].items()
        if near["lost"] is not None
    ]
    lines.append(
        f"Pictures of other people change by LPIPS {figures['retained_lpips']:.3f}. The Fréchet "
        f"distance between the pictures before and after is {figures['fid_pre']:.2f} "
        f"({figures['networks']['frechet']} features)."
    )
    return lines


MOST_LOST = 0.05
"""Largest share of other people who may be lost where it is said that they stay the same."""


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
