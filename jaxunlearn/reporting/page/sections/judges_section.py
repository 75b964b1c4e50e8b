"""What each judge says: its figure on a line, with the strangers drawn, and a table of all places."""

import dataclasses
from collections.abc import Sequence

from jaxunlearn.evaluation.forgetting import PersonFigures
from jaxunlearn.evaluation.forgetting_by_judge import JudgeFigures, TruncatedFigures
from jaxunlearn.reporting.page.charts import spread
from jaxunlearn.reporting.page.frame import figure_text
from jaxunlearn.reporting.page.sections.run_data import Figures, RunData
from jaxunlearn.reporting.page.words import JUDGED
from jaxunlearn.reporting.verdict import IN_WORDS, most_alike, photos_known

WIDTH, BASE, TOP = 300, 78, 26
"""Pixels: the drawing's width, the line of similarities, and the highest point of the strangers."""
_LEFT, _RIGHT = 8, 292


@dataclasses.dataclass(frozen=True)
class Mark:
    """A mark on the line: its place in pixels, its text, and where the text begins."""

    x: float
    text: str
    anchor: str


@dataclasses.dataclass(frozen=True)
class JudgeLine:
    """A judge's figures on a line of similarities.

    Attributes:
      name: of the judge.
      note: how the similarity lies among the strangers, and what it is.
      strangers: the area of the strangers as an SVG path; empty if their similarities are unknown.
      threshold, target: marks; None if unknown.
      people: a mark for each person.
      highest: the mark with the text of the person who is most alike.
      hardest: the name of that person; empty if there is but one.
      photos: the mark of the photo that is most alike, of those in which the judge recognised the person
        before; None without such photos.
      photos_state: "bad" if the judge finds somebody in other photos, else "good".
      ends: similarities at both ends of the line.
      sentence: what the drawing says.
      state: "good", "bad" or "unknown".
    """

    name: str
    note: str
    strangers: str
    threshold: Mark | None
    target: Mark | None
    people: tuple[float, ...]
    highest: Mark | None
    hardest: str
    photos: Mark | None
    photos_state: str
    ends: tuple[str, str]
    sentence: str
    state: str


@dataclasses.dataclass(frozen=True)
class JudgesTable:
    """A table: names of the judges, and rows of a label and a cell for each judge."""

    judges: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def judge_lines(run: RunData) -> list[JudgeLine]:
    """Return a line for each judge, with all people of the run on it."""
    if not run.measured:
        return []
    people = run.people
    return [
        _line(name, run.subjects, [figures["judges"][name] for figures in people], run.summary)
        for name in people[0]["judges"]
    ]


def _line(name: str, subjects: Sequence[str], judged: Sequence[JudgeFigures], summary: Figures) -> JudgeLine:
    stored = (summary.get("strangers") or {}).get(name) or {}
    quantiles = stored["views"]["quantiles"] if "views" in stored else None
    values = [each["id"] for each in judged if each["id"] is not None]
    targets = [each["id_target"] for each in judged if each["id_target"] is not None]
    known = [*values, *targets, *(quantiles or [0.0])]
    low, high = min(known) - 0.02, 1.0

    def x(value: float) -> float:
        return round(_LEFT + (_RIGHT - _LEFT) * (value - low) / (high - low), 1)

    def mark(value: float, text: str) -> Mark:
        place = x(value)
        return Mark(place, text, "start" if place < 100 else "end" if place > 200 else "middle")

    threshold, highest, target = judged[0]["threshold"], None, None
    who = most_alike(judged)
    if who is not None:
        text = "after" if len(judged) == 1 else "highest"
        highest = mark(max(values), f"{text} {figure_text(max(values))}")
    if len(judged) == 1 and targets:
        target = mark(targets[0], f"target {figure_text(targets[0])}")
    others = [each["id_others_max"] for each in judged if each["id_others_max"] is not None]
    return JudgeLine(
        name,
        f"{_beside_strangers(judged)}Similarity: {judged[0]['measure']}.",
        "" if quantiles is None else _area(quantiles, low, high),
        None if threshold is None else mark(threshold, f"same person from {figure_text(threshold)} on"),
        target,
        tuple(x(value) for value in values),
        highest,
        "" if who is None or len(judged) == 1 else subjects[who],
        mark(max(others), f"other photos up to {figure_text(max(others))}") if others else None,
        "bad" if any(each["others_found"] for each in judged) else "good",
        (figure_text(low), figure_text(high)),
        _sentence(judged, threshold),
        _state(judged),
    )


def _area(quantiles: Sequence[float], low: float, high: float) -> str:
    heights = spread(quantiles, low, high)
    width = (_RIGHT - _LEFT) / len(heights)
    tops = [f"{_LEFT + width * (k + 0.5):.1f} {BASE - (BASE - TOP) * h:.1f}" for k, h in enumerate(heights)]
    return f"M{_LEFT} {BASE}L{'L'.join(tops)}L{_RIGHT} {BASE}Z"


def _state(judged: Sequence[JudgeFigures]) -> str:
    answers = [answer for each in judged for answer in each["found"].values()]
    if any(answer is True for answer in answers):
        return "bad"
    return "good" if any(answer is False for answer in answers) else "unknown"


def _sentence(judged: Sequence[JudgeFigures], threshold: float | None) -> str:
    if len(judged) > 1:
        count = sum(any(each["found"].values()) for each in judged)
        return f"Finds {count} of {len(judged)} people."
    (figures,) = judged
    if figures["id"] is None:
        return "Saw no face in both pictures."
    if threshold is None:
        return "Has no threshold, so it cannot say."
    places = [words for place, words in IN_WORDS.items() if figures["found"][place]]
    return f"Finds the person {' and '.join(places)}." if places else "Does not find the person."


def _beside_strangers(judged: Sequence[JudgeFigures]) -> str:
    """Return how many strangers are as alike as a person before and after; empty for several people."""
    ranks = [figures["stranger_rank"] for figures in judged]
    if len(ranks) > 1 or ranks[0] is None:
        return ""
    return f"At their latent, {100 * ranks[0]:.0f} of 100 pairs of strangers are at least as alike. "


def judges_table(figures: PersonFigures) -> JudgesTable:
    """Return the table of everything that judges say of a person.

    Args:
      figures: of one person.
    """
    judges = list(figures["judges"].values())
    rows = [
        ("at their latent", [_cell(j["id"], j["threshold"], j["found"]["latent"]) for j in judges]),
        ("pairs of strangers as alike", [_share(j["stranger_rank"]) for j in judges]),
        ("from the sides", [_cell(j["id_wide"], j["threshold_wide"], j["found"]["wide"]) for j in judges]),
    ]
    for psi in judges[0]["truncated"]:
        rows.append((f"truncated, psi {psi}", [_truncated(j["truncated"][psi]) for j in judges]))
    if any(j["others"] for j in judges):
        rows.append(("other photos, highest", [_others(j) for j in judges]))
    rows.append(
        (
            "against the target",
            [_cell(j["id_to_target"], j["threshold"], j["reaches_target"]) for j in judges],
        )
    )
    return JudgesTable(tuple(figures["judges"]), tuple((label, *cells) for label, cells in rows))


def _cell(value: float | None, threshold: float | None, answer: bool | None) -> str:
    if value is None or threshold is None:
        return figure_text(value)
    return f"{figure_text(value)}, {JUDGED[answer]} (from {figure_text(threshold)} on)"


def _share(rank: float | None) -> str:
    return "unknown" if rank is None else f"{100 * rank:.1f} of 100"


def _truncated(values: TruncatedFigures) -> str:
    return f"{figure_text(values['id'])} (in the source {figure_text(values['source'])})"


def _others(judged: JudgeFigures) -> str:
    highest = figure_text(judged["id_others_max"])
    if judged["threshold"] is None:
        return highest
    return f"{highest}, found in {judged['others_found']} of {photos_known(judged)}"
