"""Say in plain words what participants answered."""

from collections.abc import Sequence

from jaxunlearn.reporting.markdown import markdown_table
from jaxunlearn.reporting.study.counting import Asked, Counted, Counts

NEEDED = 0.2
"""Where the upper end is farther above chance, there are too few answers to speak of forgetting."""
HEAD = (
    "who",
    "recognised",
    "share",
    "95 % interval",
    "over participants",
    "chance",
    "“none of these”",
    "median seconds",
)
"""Heads of the table of all runs and kinds."""


def title(counted: Counted) -> str:
    """Return who was asked about, such as "forgotten people of runs/sugar"."""
    if counted.run is None:
        return "controls, as the source draws them"
    return f"{'forgotten' if counted.kind == 'forgotten' else 'other'} people of {counted.run}"


def lines(counts: Counts) -> list[str]:
    """Return what came out: who answered, then a line about each run and kind."""
    return [
        *counts.notes,
        _who_answered(counts),
        *(line(counted, counts.chance) for counted in counts.counted),
    ]


def line(counted: Counted, chance: float) -> str:
    """Return what came out for one kind of people in one run."""
    share = counted.recognised
    if share.share is None:
        return f"{title(counted)}: no answers."
    over = counted.over_participants
    said = f"recognised in {share.number} of {share.people} answers ({percent(share.share)}; 95 % interval "
    said += interval(share.low, share.high)
    if over is not None and over.low is not None:
        said += f", over participants {interval(over.low, over.high)}"
    return f"{title(counted)}: {said}). {judgement(counted, chance)}"


def judgement(counted: Counted, chance: float) -> str:
    """Return what a share means beside chance, and how sure that is."""
    level, highest = f"chance, {percent(chance)}", counted.highest
    if counted.recognised.share is None or highest is None:
        return "Nothing is known."
    if counted.kind != "forgotten":
        above = {True: f"Above {level}.", False: f"Not above {level}.", None: f"Perhaps above {level}."}
        return above[counted.above_chance]
    if counted.above_chance:
        return f"NOT forgotten in people's eyes: that is above {level}."
    if counted.above_chance is None:
        return f"Not sure: above {level}, by one of the two intervals only. More participants would tell."
    sure = f"a share above {percent(highest)} is unlikely"
    if highest > chance + NEEDED:
        return f"Not above {level}, but there are too few answers to be sure: only {sure}."
    return f"Forgotten in people's eyes: not above {level}; {sure}."


def state(counted: Counted, chance: float) -> str:
    """Return the colour of a page for what came out: "good", "bad", "mixed" or "unknown"."""
    if counted.kind != "forgotten" or counted.recognised.share is None:
        return "unknown"
    if counted.above_chance is not False:
        return "bad" if counted.above_chance else "mixed"
    return "good" if (counted.highest or 0) <= chance + NEEDED else "mixed"


def caution(counts: Counts) -> str:
    """Return a warning if the participants hardly recognised unchanged people; empty if they did."""
    controls = [
        each for each in counts.counted if each.kind == "control" and each.recognised.share is not None
    ]
    if not controls:
        return "No control was answered, so it is not known how well these participants recognise anybody."
    share = controls[0].recognised.share or 0.0
    if controls[0].above_chance and share >= 0.5:
        return ""
    return (
        f"The participants recognised unchanged people in only {percent(share)} of the answers: with such "
        "pictures, that somebody is not recognised says little about forgetting."
    )


def percent(share: float | None) -> str:
    """Return a share in percent; one decimal below 10."""
    if share is None:
        return "unknown"
    return f"{100 * share:.1f} %" if 0 < share < 0.0995 else f"{100 * share:.0f} %"


def interval(low: float | None, high: float | None) -> str:
    """Return an interval of shares in percent; empty without one."""
    return "" if low is None or high is None else f"{100 * low:.0f} to {100 * high:.0f} %"


def row(counted: Counted, chance: float) -> tuple[str, ...]:
    """Return a row of the table with `HEAD`."""
    share, over = counted.recognised, counted.over_participants
    return (
        title(counted),
        f"{share.number} of {share.people}",
        percent(share.share),
        interval(share.low, share.high),
        "" if over is None else interval(over.low, over.high),
        percent(chance),
        str(counted.none),
        "" if counted.seconds is None else f"{counted.seconds:.1f}",
    )


PEOPLE_HEAD = ("person", "recognised", "share", "95 % interval", "“none of these”")
"""Heads of the tables of people."""


def person_row(asked: Asked) -> tuple[str, ...]:
    """Return a row of a table with `PEOPLE_HEAD`."""
    share = asked.recognised
    return (
        asked.name,
        f"{share.number} of {share.people}",
        percent(share.share),
        interval(share.low, share.high),
        str(asked.none),
    )


def markdown(counts: Counts) -> str:
    """Return the content of results.md."""
    warning = caution(counts)
    parts = [
        f"# Study {counts.study.shown['study']}",
        *([f"**{_cell(warning)}**"] if warning else []),
        "\n".join(f"- {_cell(each)}" for each in lines(counts)),
        _table(HEAD, [row(counted, counts.chance) for counted in counts.counted]),
    ]
    for counted in counts.counted:
        parts += [
            f"## {_cell(title(counted))}",
            _table(PEOPLE_HEAD, [person_row(each) for each in counted.people]),
        ]
    return "\n\n".join(parts) + "\n"


def _who_answered(counts: Counts) -> str:
    people = len(counts.participants)
    answers = sum(len(each.answers) for each in counts.participants)
    partial = sum(each.partial for each in counts.participants)
    said = f"{_counted(people, 'participant')}, {_counted(answers, 'answer')}"
    return f"{said}; {partial} did not answer all their questions." if partial else f"{said}."


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(markdown_table([*map(_cell, head)], ([*map(_cell, row)] for row in rows)))


def _cell(text: str) -> str:
    """Return a text for Markdown: names from outside make no markup, cells or lines."""
    escaped = "".join(f"\\{letter}" if letter in "\\`*_[]<>|#&" else letter for letter in text)
    return " ".join(escaped.split())
