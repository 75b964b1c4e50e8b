"""Shares over the measured people of a work list, and the words for them."""

from collections.abc import Mapping, Sequence
from typing import Any

from jaxunlearn.evaluation.judges.answers import negated
from jaxunlearn.evaluation.statistics.shares import share_of_known
from jaxunlearn.reporting.page.words import how_many
from jaxunlearn.reporting.verdict import PLACES
from jaxunlearn.training.storage.folder_forms import MeasuredLine


def shares_of_people(lines: Sequence[MeasuredLine]) -> dict[str, Any]:
    """Return what became of the measured people.

    Args:
      lines: one for each person, see `WorklistFolder.measured`.

    Returns:
      `people`: their number; `judges`: names. `forgotten`, and `found_at` place → the `Share` of people,
      without those of whom no judge can say. `others_lost`: `number` of `people` in all generators together,
      and the `share`. It has no interval: the same other people are counted in every generator.
      `others_lost_most`: the number in a single generator, with its `person`.
    """
    people = {line["subject"]: line["figures"] for line in lines}
    lost = {name: round(each["others_lost_counts"]["number"]) for name, each in people.items()}
    number = sum(lost.values())
    others = sum(round(each["others_lost_counts"]["people"]) for each in people.values())
    most = max(lost, key=lost.__getitem__)
    return {
        "people": len(people),
        "judges": lines[0]["measured_with"]["judges"],
        "forgotten": share_of_known(each["forgotten"] for each in people.values())._asdict(),
        "found_at": {
            place: share_of_known(negated(each["forgotten_by"][place]) for each in people.values())._asdict()
            for place in PLACES
        },
        "others_lost": {"share": number / others if others else None, "number": number, "people": others},
        "others_lost_most": {"person": most, "number": lost[most]},
    }


def worklist_lines(shares: Mapping[str, Any], done: int) -> list[str]:
    """Return sentences on the people of a work list whom judges looked for.

    Args:
      shares: of `shares_of_people`.
      done: number of all people who are done.
    """
    whom = (
        f"all {done} people"
        if shares["people"] == done
        else f"{shares['people']} of {done} people, chosen at random"
    )
    forgotten = shares["forgotten"]
    if not forgotten["people"]:
        lines = [f"Measured: {whom}. No judge can say whether they are forgotten."]
    else:
        lines = [f"Measured: {whom}. {how_many(forgotten)} are forgotten{_interval(forgotten)}."]
        found = [
            f"{PLACES[place]} {how_many(each)}"
            for place, each in shares["found_at"].items()
            if each["people"]
        ]
        lines.append(f"Still found by a judge: {', '.join(found)}.")
    lost, most = shares["others_lost"], shares["others_lost_most"]
    if lost["people"]:
        lines.append(
            f"Of other people, counted in each generator, a judge takes {how_many(lost)} for somebody else; "
            f"most, {most['number']}, in the generator of {most['person']}."
        )
    return lines


def _interval(share: Mapping[str, Any]) -> str:
    return f" (95 %: {100 * share['low']:.0f} to {100 * share['high']:.0f} %)"
