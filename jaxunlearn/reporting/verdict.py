"""Say in plain words what figures mean."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from jaxunlearn.evaluation.forgetting_by_judge import PLACES, Place
from jaxunlearn.methods.base import Advice
from jaxunlearn.reporting.page.words import radii

IN_WORDS: dict[Place, str] = {
    "latent": "at their latent",
    "wide": "from the sides",
    "truncated": "at a truncated latent",
    "photos": "in other photos",
}
"""Where a person is looked for."""

NO_PHOTO_KNOWN = "no judge knows them in any of these even before, so that these say nothing"
"""What is said where other photos count for no judge."""

TOO_NEAR = "so near that a judge takes them for the forgotten person even before unlearning"
"""Why somebody made near a forgotten person is left out of the count of those who are lost."""


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
    return [*person_lines(subject, figures), *_other_people(figures)]


def person_lines(subject: str, figures: Mapping[str, Any]) -> list[str]:
    """Return the lines of `verdict` about the person alone.

    Args:
      subject: name of the person.
      figures: those of `evaluation.measure_person`.
    """
    if _unseen(figures):
        return [f"{subject}: not measured, because no pair of pictures has a face both before and after."]
    lines = [_headline(subject, figures), _similarities(figures)]
    if figures["id_others"] is not None:
        lines.append(_other_photos(figures))
    return [*lines, *target_reached(figures)]


def _unseen(figures: Mapping[str, Any]) -> bool:
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
        where = "; ".join(f"{IN_WORDS[place]} by {_and(names)}" for place, names in found_by(figures).items())
        return f"{subject} is NOT forgotten: still found {where}."
    judges = figures["judges"]
    who = "the judge does not find them" if len(judges) == 1 else f"none of {len(judges)} judges finds them"
    return f"{subject} is forgotten: {who} {_or([IN_WORDS[place] for place in looked(figures)])}."


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
    start = f"Other pictures of them: similarity {figures['id_others']:.2f} on average"
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
        return f"{name} knows them in none of {judged['others']} even before"
    if judged["threshold"] is None:
        return f"at most {judged['id_others_max']:.2f} to {name}"
    of = f"{known}" if known == judged["others"] else f"the {known} where it knew them before"
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
    return [
        f"They did NOT become their target to {_and(missed)}: somebody in between, perhaps a damaged face."
    ]


def verdict_together(
    subjects: Sequence[str], figures: Mapping[str, Any], advice: Advice | None = None
) -> list[str]:
    """Return lines about many people in one generator.

    Args:
      subjects: names of the people.
      figures: as returned by `evaluation.evaluate_together`.
      advice: of the method that made the generator; None where no training did.
    """
    people = [figures["people"][str(k)] for k in range(len(subjects))]
    if _unseen(figures):
        return [
            "Not measured, because no pair of pictures has a face both before and after.",
            *_other_people(figures),
        ]
    first = [*_how_many_forgotten(figures, people), *highest(subjects, figures, people)]
    return [
        *([" ".join(first)] if first else []),
        *where_found(people),
        *not_forgotten(subjects, people, advice),
        *other_photos_of_all(figures, people),
        *_other_people(figures),
    ]


def _how_many_forgotten(figures: Mapping[str, Any], people: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a sentence on how many people are forgotten; none if no judge can say."""
    if figures["forgotten"] is None:
        return []
    judges = "the judge" if len(figures["judges"]) == 1 else f"{len(figures['judges'])} judges"
    known = {place for each in people for place in looked(each)}
    where = _or([words for place, words in IN_WORDS.items() if place in known])
    return [f"{figures['forgotten']} of {len(people)} people are forgotten: {judges} looked {where}."]


def highest(
    subjects: Sequence[str], figures: Mapping[str, Any], people: Sequence[Mapping[str, Any]]
) -> list[str]:
    """Return a sentence on the similarity to the main judge; none if it saw no face.

    Args:
      subjects: names of the people.
      figures: means over them.
      people: figures of each.
    """
    hardest = most_alike(people)
    if hardest is None:
        return []
    return [
        f"Similarity before and after to {_main_judge(people)}: {figures['id']:.2f} on average, at most "
        f"{people[hardest]['id']:.2f} ({subjects[hardest]})."
    ]


def other_photos_of_all(figures: Mapping[str, Any], people: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a sentence on other photos, see `highest`; none without such photos."""
    if figures["id_others"] is None:
        return []
    judge = _main_judge(people)
    return [f"Other pictures of them: similarity {figures['id_others']:.2f} to {judge} on average."]


def _main_judge(people: Sequence[Mapping[str, Any]]) -> str:
    """Return the judge whose figures stand under the papers' names."""
    return next(iter(people[0]["judges"]))


def most_alike(people: Sequence[Mapping[str, Any]]) -> int | None:
    """Return the number of the person who is most alike before and after; None if no face was seen.

    Args:
      people: an `id` for each person, None where no face was seen.
    """
    known = {k: figures["id"] for k, figures in enumerate(people) if figures["id"] is not None}
    return max(known, key=known.__getitem__, default=None)


def where_found(people: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a line with the number of people that are found in each place."""
    counts = Counter(place for figures in people for place in found_by(figures))
    texts = [f"{counts[place]} {words}" for place, words in IN_WORDS.items() if counts[place]]
    return [f"Still found: {', '.join(texts)}."] if texts else []


def not_forgotten(
    subjects: Sequence[str], people: Sequence[Mapping[str, Any]], advice: Advice | None
) -> list[str]:
    """Return lines with the people who are not forgotten, by the reason, each with the method's advice."""
    known = advice or Advice("", "", "")
    names: dict[tuple[str, str], list[str]] = {
        ("Their targets resemble them", known.too_near): [],
        ("They did not become their targets", known.too_far): [],
        ("They are found, but not at their latent", known.elsewhere): [],
    }
    near, far, elsewhere = names.values()
    for subject, figures in zip(subjects, people, strict=True):
        finders = {name: each for name, each in figures["judges"].items() if each["found"]["latent"]}
        if finders:
            group = near if _target_resembles(list(finders.values())) else far
            judge = max(finders, key=lambda name: finders[name]["id"])
            group.append(f"{subject} ({finders[judge]['id']:.2f} to {judge})")
        elif places := [IN_WORDS[place] for place in found_by(figures)]:
            elsewhere.append(f"{subject} ({_and(places)})")
    return [
        f"NOT forgotten: {listed(group)}. {reason}{f': {advised}' if advised else ''}."
        for (reason, advised), group in names.items()
        if group
    ]


def _target_resembles(finders: Sequence[Mapping[str, Any]]) -> bool:
    """Return True if a judge that finds a person at their latent takes the target for them, too."""
    return any(
        judged["id_target"] is not None and judged["id_target"] >= judged["threshold"] for judged in finders
    )


def listed(names: Sequence[str], most: int = 5) -> str:
    """Return names with commas; of more than `most`, the number of the rest."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")


def _and(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _or(places: Sequence[str]) -> str:
    return places[0] if len(places) == 1 else f"{', '.join(places[:-1])} or {places[-1]}"


def _other_people(figures: Mapping[str, Any]) -> list[str]:
    return [
        *([" ".join(random_people(figures))] if random_people(figures) else []),
        *(f"Near the forgotten, {sentence}" for sentence in near_people(figures)),
        *pictures_of_others(figures),
    ]


def random_people(figures: Mapping[str, Any]) -> list[str]:
    """Return sentences on other people, chosen at random: whether they stay the same, and how alike they are.

    Args:
      figures: of an evaluated generator.
    """
    first = stay_the_same([figures])
    return [*first, *how_alike(figures, "Their" if first else "Other people's")]


def stay_the_same(generators: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a sentence on whether random people stay the same; none if no judge can say.

    Args:
      generators: figures of each evaluated generator.
    """
    known = [figures for figures in generators if figures["others_lost"] is not None]
    if not known:
        return []
    bad = sum(figures["others_lost"] > MOST_LOST for figures in known)
    verb, which = ("do NOT stay", f"{bad} of {len(known)}") if bad else ("stay", f"all {len(known)}")
    where = f" in {which} generators: in the worst, " if len(known) > 1 else ": "
    worst = max(known, key=lambda figures: figures["others_lost"])
    gone = _gone(worst["others_lost_counts"])
    return [f"Other people, chosen at random, {verb} the same{where}{gone}."]


def how_alike(figures: Mapping[str, Any], whose: str = "Their") -> list[str]:
    """Return a sentence on the similarity of random people; none if no face was found.

    Args:
      figures: of an evaluated generator, or means over several.
      whose: its first word.
    """
    if figures["others_id"] is None:
        return []
    return [
        f"{whose} similarity before and after is {figures['others_id']:.2f} on average, below "
        f"{figures['others_id_p5']:.2f} for one person in twenty."
    ]


def near_people(figures: Mapping[str, Any]) -> list[str]:
    """Return for each distance how many people near the forgotten ones are lost, and how many are left out.

    Args:
      figures: of an evaluated generator, or means over several.
    """
    sentences = []
    for radius, near in figures["near"].items():
        same = f"{near['same']:.0f}"
        away = radii(float(radius), "median ")
        if near["lost"] is None and near["same"] < near["people"]:
            sentences.append(f"{away}, no judge can say whether anybody is somebody else afterwards.")
            continue
        if near["lost"] is None:
            sentences.append(f"{away}, nobody is left: all {same} are {TOO_NEAR}.")
            continue
        rest = f" {same} more are left out: {TOO_NEAR}." if near["same"] else ""
        sentences.append(f"{away}, {_gone(near['lost_counts'])}.{rest}")
    return sentences


def _gone(counts: Mapping[str, Any]) -> str:
    """Return how many of all people are lost, in words."""
    number = round(counts["number"])
    verb = "is" if number == 1 else "are"
    return f"{number} of {counts['people']:.0f} {verb} somebody else to a judge afterwards"


def pictures_of_others(figures: Mapping[str, Any]) -> list[str]:
    """Return sentences on how far the pictures of random people moved."""
    return [
        f"Pictures of other people change by LPIPS {figures['retained_lpips']:.3f}. The Fréchet "
        f"distance between the pictures before and after is {figures['fid_pre']:.2f} "
        f"({figures['networks']['frechet']} features)."
    ]


MOST_LOST = 0.05
"""Largest share of other people who may be lost in a generator in which they are said to stay the same."""


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
