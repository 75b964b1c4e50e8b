"""The forgotten people: before and after to compare, turned from side to side, and in their other photos."""

import dataclasses
from collections.abc import Sequence

from jaxunlearn.reporting.page.picture import PagePictures, Picture
from jaxunlearn.reporting.page.sections.judges_section import JudgesTable, judges_table
from jaxunlearn.reporting.page.sections.run_data import Figures, RunData
from jaxunlearn.reporting.page.sections.strength_section import Strengths, strengths_of
from jaxunlearn.reporting.page.words import short_view, view
from jaxunlearn.reporting.sheets.selection import hardest_first
from jaxunlearn.reporting.sheets.sheet import EVERYBODY, Sheet, front_of, sheet_name
from jaxunlearn.reporting.verdict import person_lines

WHOLE = 4
"""Number of people who are shown from all sides; of the others the page has the front."""


CARDS = 24
"""Number of people from the front who are shown at once; a reader has to ask for more."""


@dataclasses.dataclass(frozen=True)
class Pair:
    """The same person or photo before and after; `photo` is the photo itself, None if it is not at hand."""

    before: Picture
    after: Picture
    title: str
    note: str = ""
    state: str = ""
    photo: Picture | None = None


@dataclasses.dataclass(frozen=True)
class View:
    """A side from which a person is seen: its names, and the pictures before, of the target, and after."""

    name: str
    button: str
    before: Picture
    target: Picture
    after: Picture


@dataclasses.dataclass(frozen=True)
class Person:
    """A forgotten person.

    Attributes:
      number, name: of the person.
      state: "good", "bad" or "unknown".
      lines: the verdict in words; empty if they are said elsewhere.
      pair: before and after from the front; None without pictures.
      target: from the front; None without pictures.
      views: from all sides, from left to right; may be empty.
      photos: the person's other photos.
      strengths: the person at other strengths of their adapters; None if the method has none.
      table: what each judge says; None if the person was not measured.
    """

    number: int
    name: str
    state: str
    lines: tuple[str, ...]
    pair: Pair | None
    target: Picture | None
    views: tuple[View, ...]
    photos: tuple[Pair, ...]
    strengths: Strengths | None
    table: JudgesTable | None


def people_pictures(run: RunData) -> int:
    """Return the number of pictures of forgotten people on the page."""
    whole = _order(run)[:WHOLE]
    names = [name for k in whole for name in (sheet_name("person", k), sheet_name("photos", k))]
    sizes = [run.sheets.size(name) for name in names]
    return 3 * len(run.subjects) + sum(rows * columns for rows, columns in sizes)


def _order(run: RunData) -> list[int]:
    return hardest_first([run.figures_of(k) for k in range(len(run.subjects))])


def people_section(run: RunData, pictures: PagePictures) -> list[Person]:
    """Return the people in order of how alike they still are: the most alike first."""
    everybody = run.sheets.read(EVERYBODY)
    return [_person(run, pictures, k, everybody, whole=place < WHOLE) for place, k in enumerate(_order(run))]


def state_of(figures: Figures | None) -> str:
    """Return "good" for a person who is forgotten, "bad" for one who is not, else "unknown"."""
    answer = None if figures is None else figures["forgotten"]
    return {True: "good", False: "bad", None: "unknown"}[answer]


def _person(run: RunData, pictures: PagePictures, k: int, everybody: Sheet | None, *, whole: bool) -> Person:
    name, figures = run.subjects[k], run.figures_of(k)
    sheet = run.sheets.read(sheet_name("person", k))
    views = _views(name, sheet, pictures) if sheet is not None and whole else ()
    pair, target = _front(name, k, sheet, everybody, pictures)
    lines = () if figures is None or len(run.subjects) == 1 else tuple(person_lines(name, figures))
    return Person(
        k,
        name,
        state_of(figures),
        lines,
        pair,
        target,
        views,
        _photos(run, k, pictures) if whole else (),
        strengths_of(run, k, pictures) if whole else None,
        judges_table(figures) if figures is not None and whole else None,
    )


def _views(name: str, sheet: Sheet, pictures: PagePictures) -> tuple[View, ...]:
    views = []
    for column, about in enumerate(sheet.columns):
        side = view(about["yaw"])
        cells = {row: pictures(image, _alt(name, row, side)) for row, image in sheet.column(column).items()}
        views.append(View(side, short_view(about["yaw"]), cells["before"], cells["target"], cells["after"]))
    return tuple(views)


def _alt(name: str, row: str, side: str) -> str:
    return f"The target of {name}, seen {side}" if row == "target" else f"{name} {row}, seen {side}"


def _front(
    name: str, k: int, sheet: Sheet | None, everybody: Sheet | None, pictures: PagePictures
) -> tuple[Pair | None, Picture | None]:
    front = front_of(k, sheet, everybody)
    if front is None:
        return None, None
    images, yaw = front
    cells = {row: pictures(image, _alt(name, row, view(yaw))) for row, image in images.items()}
    return Pair(cells["before"], cells["after"], name), cells["target"]


def _photos(run: RunData, k: int, pictures: PagePictures) -> tuple[Pair, ...]:
    sheet, name = run.sheets.read(sheet_name("photos", k)), run.subjects[k]
    if sheet is None:
        return ()
    looks = {
        line["number"]: line
        for line in run.lines
        if line["kind"] == "look" and line["person"] == k and line["place"] == "photos"
    }
    pairs = []
    for column in range(len(sheet.columns)):
        title = f"Other photo {column + 1} of {name}"
        cells = {
            row: pictures(image, title if row == "photo" else f"{title}, as drawn {row}")
            for row, image in sheet.column(column).items()
        }
        judges = looks[column]["judges"].values() if column in looks else []
        answer = _answer([each["found"] for each in judges])
        title = f"photo {column + 1}"
        pairs.append(Pair(cells["before"], cells["after"], title, *answer, photo=cells.get("photo")))
    return tuple(pairs)


def _answer(answers: Sequence[bool | None]) -> tuple[str, str]:
    """Return how many judges find a person in a photo, and the state; empty if nobody looked."""
    known = [answer for answer in answers if answer is not None]
    if not known:
        return ("no judge can say", "unknown") if answers else ("", "")
    if not any(known):
        return "not found", "good"
    return f"found by {sum(known)} of {len(known)} judges", "bad"
