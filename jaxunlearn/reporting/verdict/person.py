"""Say in plain words whether one person is forgotten."""

from collections.abc import Mapping
from typing import Any

from jaxunlearn.evaluation.forgetting_by_judge import PLACES, Place
from jaxunlearn.reporting.page.words import joined

IN_WORDS: dict[Place, str] = {
    "latent": "at their latent",
    "wide": "from the sides",
    "truncated": "at a truncated latent",
    "photos": "in other photos",
}
"""Where a person is looked for."""

NO_PHOTO_KNOWN = "even before unlearning no judge recognises them there, so these photos say nothing"
"""What is said where other photos count for no judge."""


def person_lines(subject: str, figures: Mapping[str, Any]) -> list[str]:
    """Return the lines of `verdict` about the person alone.

    Args:
      subject: name of the person.
      figures: those of `evaluation.measure_person`.
    """
    if unseen(figures):
        return [f"{subject}: not measured, because no pair of pictures has a face both before and after."]
    lines = [_headline(subject, figures), _similarities(figures)]
    if figures["id_others"] is not None:
        lines.append(_other_photos(figures))
    return [*lines, *target_reached(figures)]


def unseen(figures: Mapping[str, Any]) -> bool:
    """Return True if no judge saw a face both before and after."""
    return all(judged["id"] is None for judged in figures["judges"].values())


def found_by(figures: Mapping[str, Any]) -> dict[Place, list[str]]:
    """Return place → names of the judges that find the person there, without places where nobody does."""
    judges = figures["judges"].items()
    by_place: dict[Place, list[str]] = {
        place: [name for name, judged in judges if judged["found"][place]] for place in PLACES
    }
    return {place: names for place, names in by_place.items() if names}


def looked(figures: Mapping[str, Any]) -> list[Place]:
    """Return the places where at least one judge could look."""
    return [place for place in PLACES if figures["forgotten_by"][place] is not None]


def _headline(subject: str, figures: Mapping[str, Any]) -> str:
    if figures["forgotten"] is None:
        return f"{subject}: no judge can say whether they are forgotten."
    if not figures["forgotten"]:
        places = found_by(figures).items()
        where = "; ".join(f"{IN_WORDS[place]} by {joined(names, 'and')}" for place, names in places)
        return f"{subject} is NOT forgotten: still found {where}."
    judges = figures["judges"]
    who = "the judge does not find them" if len(judges) == 1 else f"none of {len(judges)} judges finds them"
    where = joined([IN_WORDS[place] for place in looked(figures)], "or")
    return f"{subject} is forgotten: {who} {where}."


def _similarities(figures: Mapping[str, Any]) -> str:
    """Return each judge's similarity at the latent, beside what strangers have."""
    texts = []
    for name, judged in figures["judges"].items():
        if judged["id"] is None:
            continue
        text = f"{judged['id']:.2f} to {name}"
        if judged["threshold"] is not None:
            text += f" (the same person from {judged['threshold']:.2f} on"
            rank = judged["stranger_rank"]
            share = (
                "" if rank is None else f"; {100 * rank:.0f} of 100 pairs of strangers are at least as alike"
            )
            text += f"{share})"
        texts.append(text)
    return f"Similarity before and after: {', '.join(texts)}."


def _other_photos(figures: Mapping[str, Any]) -> str:
    start = f"Other photos of them: similarity before and after {figures['id_others']:.2f} on average"
    return f"{start}; {'; '.join(photos_texts(figures))}."


def photos_texts(figures: Mapping[str, Any]) -> list[str]:
    """Return what judges say of the other photos of a person, without full stops.

    Args:
      figures: those of `evaluation.measure_person`.
    """
    judges = {name: each for name, each in figures["judges"].items() if each["id_others"] is not None}
    if judges and not any(photos_known(judged) for judged in judges.values()):
        return [NO_PHOTO_KNOWN]
    return [_photos_text(name, judged) for name, judged in judges.items()]


def _photos_text(name: str, judged: Mapping[str, Any]) -> str:
    """Return what a judge says of other photos, of which at least one has a face."""
    known = photos_known(judged)
    if not known:
        return f"{name} recognises them in none of {judged['others']} even before"
    if judged["threshold"] is None:
        return f"at most {judged['id_others_max']:.2f} to {name}"
    of = f"{known}" if known == judged["others"] else f"the {known} where it recognised them before"
    highest = "no face afterwards"
    if judged["id_others_max"] is not None:
        highest = f"at most {judged['id_others_max']:.2f}"
    return f"{name} finds them in {judged['others_found']} of {of} ({highest})"


def photos_known(judged: Mapping[str, Any]) -> int:
    """Return how many other photos count for a judge: all where it cannot say."""
    return judged["others"] if judged["threshold"] is None else judged["others_known"]


def target_reached(figures: Mapping[str, Any]) -> list[str]:
    """Return a sentence on whether the person became their target, where that was measured."""
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
    who = joined(missed, "and")
    return [
        f"To {who} they did NOT become their target: the generator shows somebody in between, perhaps a "
        "damaged face."
    ]
