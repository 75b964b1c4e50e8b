"""The first section: what came out, in plain words and a few large figures."""

import dataclasses
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jaxunlearn.attacks.rules import brought_back, could_bring_back
from jaxunlearn.reporting.page.sections.reasons_section import Reason, reasons
from jaxunlearn.reporting.page.sections.run_data import Figures, RunData
from jaxunlearn.reporting.page.words import how_many, listed, radii
from jaxunlearn.reporting.verdict import MOST_LOST, person_lines, stay_the_same
from jaxunlearn.training.result import said_diverged


@dataclasses.dataclass(frozen=True)
class Tile:
    """A large figure: its label, value, a note below, and its state: "good", "bad" or "unknown"."""

    label: str
    value: str
    note: str
    state: str


@dataclasses.dataclass(frozen=True)
class Verdict:
    """The verdict.

    Attributes:
      headline: whether people are forgotten.
      state: "good", "bad", "unknown", or "mixed": forgotten, but at a price.
      rest: short sentences on other people and on attacks.
      tiles: large figures.
      reasons: what the verdict rests on.
      command: what to run for a verdict; empty if there is one.
    """

    headline: str
    state: str
    rest: tuple[str, ...]
    tiles: tuple[Tile, ...]
    reasons: tuple[Reason, ...]
    command: str = ""


def verdict_section(run: RunData) -> Verdict:
    """Return what came out of a run; of one that was not measured, what to do."""
    if not run.measured:
        return _not_measured(run)
    people = run.people
    tiles = _tiles(run, people)
    state = with_price(_state_of(people), tiles)
    return Verdict(_headline(run, people), state, tuple(_rest(run)), tuple(tiles), reasons(run))


def with_price(state: str, tiles: Iterable[Tile]) -> str:
    """Return "mixed" for a good state beside a bad tile: forgotten, but at a price."""
    return "mixed" if state == "good" and any(tile.state == "bad" for tile in tiles) else state


def _headline(run: RunData, people: Sequence[Figures]) -> str:
    """Return whether a single person is forgotten, or how many people are."""
    if len(people) == 1:
        return person_lines(run.subjects[0], people[0])[0]
    known = [figures["forgotten"] for figures in people if figures["forgotten"] is not None]
    if not known:
        return f"No judge can say whether these {len(people)} people are forgotten."
    return f"{sum(known)} of {len(people)} people are forgotten."


def _rest(run: RunData) -> list[str]:
    """Return what became of other people, and of attacks, in short sentences."""
    random_people = stay_the_same(_generators(run, run.people))
    return [*random_people, *near_in_short(run.summary), *_under_attacks(run)]


def near_in_short(figures: Figures) -> list[str]:
    """Return a sentence on people near by, all distances in one; none if nobody counts.

    Args:
      figures: of an evaluated generator, or means over several.
    """
    lost = [
        f"{how_many(near['lost_counts'])} ({radii(float(radius))}; {near['same']:.0f} too near to count)"
        for radius, near in figures["near"].items()
        if near["lost"] is not None
    ]
    if not lost:
        return []
    return [f"Of people near the forgotten, a judge takes {' and '.join(lost)} for somebody else."]


def _under_attacks(run: RunData) -> list[str]:
    if run.attacks is None:
        return ["No attack was tried."]
    people = run.attacks["people"]
    if not any(could_bring_back(figures) for figures in people.values()):
        return ["No attack was tried that could bring anybody back."]
    answers = {k: brought_back(figures) for k, figures in people.items()}
    if back := [run.attacks["subjects"][k] for k, answer in answers.items() if answer]:
        return [f"An attack brings back {listed(back)}."]
    if all(answer is None for answer in answers.values()):
        return ["No judge can say whether an attack brings anybody back."]
    of_whom = " of whom a judge can say it" if None in answers.values() else ""
    return [f"No attack brings anybody back{of_whom}."]


def _not_measured(run: RunData) -> Verdict:
    if run.finished and run.folder.diverged:
        return Verdict(said_diverged(run.subjects, run.folder.diverged), "unknown", (), (), reasons(run))
    if run.finished:
        command = f"jaxunlearn evaluate {shlex.quote(str(run.folder.path))}"
        return Verdict("Not measured yet.", "unknown", (), (), reasons(run), command)
    done, steps = run.metrics[-1]["step"] if run.metrics else 0, run.config.steps
    said = f"Step {done} of {steps}: not finished yet."
    return Verdict(f"All {steps} steps are taken." if done == steps else said, "unknown", (), (), ())


def _state_of(people: Sequence[Figures]) -> str:
    answers = [figures["forgotten"] for figures in people]
    if all(answer is True for answer in answers):
        return "good"
    return "bad" if any(answer is False for answer in answers) else "unknown"


def _tiles(run: RunData, people: Sequence[Figures]) -> list[Tile]:
    return [
        _forgotten(people),
        *tiles_of_others(run.summary, _generators(run, people)),
        _under_attack(run),
    ]


def _generators(run: RunData, people: Sequence[Figures]) -> Sequence[Figures]:
    """Return the figures of each generator of a run."""
    return [run.summary] if run.together or len(people) == 1 else people


def _forgotten(people: Sequence[Figures]) -> Tile:
    answers = [figures["forgotten"] for figures in people]
    judges = len(people[0]["judges"])
    note = "the judge does not find them" if judges == 1 else f"to all of {judges} judges"
    if len(people) == 1:
        words = {
            True: ("yes", note),
            False: ("no", "a judge still finds them"),
            None: ("unknown", "no judge can say"),
        }
        value, note = words[answers[0]]
        return Tile("Forgotten", value, note, _state_of(people))
    count = sum(answer is True for answer in answers)
    return Tile("Forgotten", f"{count} of {len(people)}", f"people, {note}", _state_of(people))


def tiles_of_others(figures: Figures, generators: Sequence[Figures]) -> list[Tile]:
    """Return the tiles of other people: of random ones, and of those near the forgotten, if there are any.

    Args:
      figures: of an evaluated generator, or means over several.
      generators: figures of each generator; the worst gives a tile its state.
    """
    near = [_near(figures["near"], generators)] if figures.get("near") else []
    return [_others(figures, generators), *near]


def _others(summary: Figures, generators: Sequence[Figures]) -> Tile:
    counts = summary.get("others_lost_counts")
    if not counts or counts.get("share") is None:
        return Tile("Other people lost", "unknown", "no judge can say", "unknown")
    note = f"chosen at random; {_certainty(counts, len(generators))}"
    return Tile(
        "Other people lost", how_many(counts), note, state_of_lost(each["others_lost"] for each in generators)
    )


def _near(near: Figures, generators: Sequence[Figures]) -> Tile:
    """Return the tile of people near by; of several distances the one with the most people to judge."""
    radius = max(near, key=lambda each: near[each]["lost_counts"]["people"])
    figures = near[radius]
    counts = figures["lost_counts"]
    if figures["lost"] is None:
        all_near = figures["same"] == figures["people"]
        note = f"to a judge, all {figures['people']:.0f} look like the forgotten already before"
        note = note if all_near else "no judge can say"
        return Tile("Near people lost", "unknown", note, "unknown")
    return Tile(
        "Near people lost",
        how_many(counts),
        f"{radii(float(radius))}; {_certainty(counts, len(generators))}",
        state_of_lost(each["near"][radius]["lost"] for each in generators),
    )


def state_of_lost(shares: Iterable[float | None]) -> str:
    """Return the state of the worst generator, of those of which a judge can say it.

    Args:
      shares: of people lost in each generator; None where no judge can say it, at least one is known.
    """
    return "good" if max(share for share in shares if share is not None) <= MOST_LOST else "bad"


def _certainty(counts: Mapping[str, Any], generators: int) -> str:
    """Return the interval of a share in one generator; means over several have none."""
    if generators > 1:
        return f"a mean over {generators} generators"
    percent = "\N{NO-BREAK SPACE}%"
    return f"95{percent} interval {100 * counts['low']:.0f} to {100 * counts['high']:.0f}{percent}"


def _under_attack(run: RunData) -> Tile:
    if run.attacks is None:
        command = f"jaxunlearn attack {shlex.quote(str(run.folder.path))}"
        return Tile("Under attack", "not tried", command, "unknown")
    answers = [brought_back(figures) for figures in run.attacks["people"].values()]
    known = [answer for answer in answers if answer is not None]
    if not known:
        tried = any(could_bring_back(figures) for figures in run.attacks["people"].values())
        note = "no judge can say" if tried else "no attack that could bring anybody back was tried"
        return Tile("Under attack", "unknown", note, "unknown")
    if len(answers) == 1:
        value = "brought back" if any(known) else "not brought back"
    else:
        value = f"{sum(known)} of {len(known)} brought back"
    state = "bad" if any(known) else "good" if len(known) == len(answers) else "unknown"
    return Tile("Under attack", value, "by somebody who has the generator", state)
