"""What attacks brought back."""

import dataclasses
from typing import Any

from jaxunlearn.attacks.attack_folder import AttackFolder
from jaxunlearn.attacks.depth import ATTACKS
from jaxunlearn.attacks.rules import brought_back
from jaxunlearn.reporting.attacks.words import attack_verdict, lines_of
from jaxunlearn.reporting.page.picture import PagePictures, Picture, drawing
from jaxunlearn.reporting.page.sections.run_data import RunData

_MAP_SIZE = (640, 480)


@dataclasses.dataclass(frozen=True)
class Attack:
    """An attack on a person.

    Attributes:
      name, meaning: of the attack.
      brings_back: True if the person came back.
      lines: what came out.
      pictures: with labels.
      map: a drawing of all people; None without one.
    """

    name: str
    meaning: str
    brings_back: bool
    lines: tuple[str, ...]
    pictures: tuple[tuple[str, Picture], ...]
    map: Picture | None


@dataclasses.dataclass(frozen=True)
class Attacked:
    """A person under attack: the verdict, its state, and each attack."""

    name: str
    verdict: str
    state: str
    attacks: tuple[Attack, ...]


def attack_section(run: RunData, pictures: PagePictures) -> list[Attacked]:
    """Return what attacks brought back of each person; empty if the run was not attacked."""
    if run.attacks is None:
        return []
    files = AttackFolder(run.folder.path)
    people = []
    for number, figures in run.attacks["people"].items():
        subject = run.attacks["subjects"][number]
        marked = "the forgotten are numbered" if run.together else f"{subject} is marked"
        attacks = tuple(
            _attack(files, int(number), subject, marked, name, figures[name], pictures) for name in figures
        )
        state = {True: "bad", False: "good", None: "unknown"}[brought_back(figures)]
        people.append(Attacked(subject, attack_verdict(subject, figures), state, attacks))
    return people


def attack_pictures(run: RunData) -> int:
    """Return the number of pictures of attacks."""
    if run.attacks is None:
        return 0
    files = AttackFolder(run.folder.path)
    return sum(
        len(files.pictures(name, int(number)))
        for number, figures in run.attacks["people"].items()
        for name in figures
        if files.exists(name, int(number))
    )


def _attack(
    files: AttackFolder,
    person: int,
    subject: str,
    marked: str,
    name: str,
    figures: dict[str, Any],
    pictures: PagePictures,
) -> Attack:
    labelled = []
    if files.exists(name, person):
        for label, file in files.pictures(name, person).items():
            picture = pictures.file(file, f"{subject} under attack ({name}): {label}")
            if picture is not None:
                labelled.append((label.replace("_", " "), picture))
    alt = f"All people as the attacker's network sees them, before and after; {marked}"
    return Attack(
        name,
        ATTACKS[name],
        brought_back({name: figures}) is True,
        tuple(lines_of(name, figures)),
        tuple(labelled),
        drawing(files.drawing(name, person, "map"), alt, _MAP_SIZE),
    )
