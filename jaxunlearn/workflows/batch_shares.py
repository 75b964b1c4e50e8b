"""Which people of a work list are measured, shares over them, and the words for these."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from jaxunlearn.errors import InputError
from jaxunlearn.evaluation.forgetting_by_judge import PLACES
from jaxunlearn.evaluation.judges.answers import negated
from jaxunlearn.evaluation.statistics.shares import share_of_known
from jaxunlearn.reporting.page.words import how_many
from jaxunlearn.reporting.verdict import IN_WORDS
from jaxunlearn.training.storage.folder_forms import MeasuredLine
from jaxunlearn.workflows.batch_dir import DONE, WorklistFolder


def chosen_people(folder: WorklistFolder, number: int | None = None, seed: int = 0) -> list[str]:
    """Return the people of a work list to measure, of those who are done.

    Args:
      folder: of the work list.
      number: of people, chosen at random; with a greater number, the same are among them. None takes all.
      seed: of the choice.

    Raises:
      InputError: if nobody is done.
    """
    everybody = _in_order(folder, seed)
    if not everybody:
        raise InputError(f"{folder.path}: nobody is done yet; run the command that began it once more")
    return everybody[:number]


def at_random(folder: WorklistFolder, lines: Sequence[MeasuredLine]) -> bool:
    """Return True if the measured people are a random choice of all who are done now.

    They are none if they were measured before others were done.

    Args:
      folder: of the work list.
      lines: its measured people, at least one.
    """
    measured = {line["subject"] for line in lines}
    return measured == set(_in_order(folder, lines[0]["measured_with"]["seed"])[: len(measured)])


def _in_order(folder: WorklistFolder, seed: int) -> list[str]:
    """Return the people who are done, in the order in which they are chosen."""
    subjects = folder.subjects()
    done = {name for name, line in folder.last().items() if line["status"] == DONE}
    order = np.random.default_rng(seed).permutation(len(subjects))
    return [subjects[k] for k in order if subjects[k] in done]


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


def worklist_lines(shares: Mapping[str, Any], done: int, *, random: bool) -> list[str]:
    """Return sentences on the people of a work list whom judges looked for.

    Args:
      shares: of `shares_of_people`.
      done: number of all people who are done.
      random: True if the measured people are a random choice of them, see `at_random`.
    """
    how = "chosen at random" if random else "not chosen at random, since others were not done yet"
    whom = f"all {done} people" if shares["people"] == done else f"{shares['people']} of {done} people, {how}"
    forgotten = shares["forgotten"]
    if not forgotten["people"]:
        lines = [f"Measured: {whom}. No judge can say whether they are forgotten."]
    else:
        unknown = shares["people"] - forgotten["people"]
        rest = f"; of {unknown} more no judge can say it" if unknown else ""
        lines = [f"Measured: {whom}. {how_many(forgotten)} are forgotten{_interval(forgotten)}{rest}."]
        found = [
            f"{IN_WORDS[place]} {how_many(each)}"
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
    return f" (95 % interval {100 * share['low']:.0f} to {100 * share['high']:.0f} %)"
