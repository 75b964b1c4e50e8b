"""The folder of a study.

study.html       the page to hand out
questions.json   what the page holds: pictures, questions, and the parts that participants get
key.json         the right answers; to keep
results.json, results.md, report.html      what participants answered; written by the counting
"""

import contextlib
import hashlib
import json
import secrets
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypedDict

from jaxunlearn.errors import InputError
from jaxunlearn.files.door import read_json
from jaxunlearn.files.json_form import check_form
from jaxunlearn.files.lock import refuse_other_files
from jaxunlearn.files.paths import check_folder, check_writable
from jaxunlearn.reporting.study.questions import Kind

FORMAT = 1
"""Number of the form of the files."""
PAGE, QUESTIONS, KEY = "study.html", "questions.json", "key.json"


class PictureJson(TypedDict):
    """A picture of the page: its data URI, and its size."""

    source: str
    width: int
    height: int


class ShownJson(TypedDict):
    """A question of the page: numbers of pictures of the person, and of those to choose from."""

    given: list[int]
    choices: list[int]


class QuestionsJson(TypedDict):
    """The content of questions.json; nothing in it says what is right."""

    format: Literal[1]
    study: str
    choices: int
    pictures: list[PictureJson]
    questions: dict[str, ShownJson]
    parts: list[list[str]]


class PersonJson(TypedDict):
    """A person."""

    name: str
    seed: int | None


class RunJson(TypedDict):
    """A run: its name, its method, and the forgotten people whose generator diverged."""

    name: str
    method: str
    left_out: list[str]


class RightJson(TypedDict):
    """What a question is: numbers of the run and its copy (null for the source), people, the right answer."""

    kind: Kind
    run: int | None
    copy: int | None
    person: int
    choices: list[int]
    right: int
    yaw: float
    distractors: Literal["same kind", "strangers"]


class KeyJson(TypedDict):
    """The content of key.json."""

    format: Literal[1]
    version: str
    study: str
    seed: int
    model: str
    settings: dict[str, int | None]
    runs: list[RunJson]
    people: list[PersonJson]
    questions: dict[str, RightJson]


class Study(NamedTuple):
    """A study: its folder, what the page holds, and the key."""

    folder: Path
    shown: QuestionsJson
    key: KeyJson


def study_id(shown: Mapping[str, Any]) -> str:
    """Return the name of a study: the first 16 digits of the SHA-256 of all that its page holds."""
    content = {name: value for name, value in shown.items() if name != "study"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def check_free(folder: Path) -> None:
    """Refuse a folder that holds anything, or cannot be written.

    Raises:
      InputError: naming the folder.
    """
    check_writable(folder)
    if folder.resolve() == Path.cwd():
        raise InputError(f"{folder}: is the folder that you are in; give a new folder")
    refuse_other_files(folder, ())


@contextlib.contextmanager
def made_whole(folder: Path) -> Iterator[Path]:
    """Give a temporary folder that takes the place of `folder` if the block ends without an exception.

    Raises:
      InputError: if the folder holds files, or gets some meanwhile.
    """
    check_free(folder)
    temporary = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.tmp")
    temporary.mkdir(parents=True)
    try:
        yield temporary
        check_free(folder)
        if folder.is_dir():
            for path in folder.iterdir():
                path.unlink()  # of a file manager
            folder.rmdir()
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def is_study(folder: Path) -> bool:
    """Return True for the folder of a study."""
    return (folder / KEY).is_file()


def read_study(folder: Path) -> Study:
    """Read a study.

    Raises:
      InputError: if this is not the folder of a study, or a file in it was changed.
    """
    check_folder(folder)
    if not is_study(folder):
        raise InputError(f"{folder}: not the folder of a study (no {KEY} in it)")
    key = check_form(read_json(folder / KEY), KeyJson, folder / KEY)
    shown = check_form(read_json(folder / QUESTIONS), QuestionsJson, folder / QUESTIONS)
    same = study_id(shown) == shown["study"] == key["study"]
    if not same or shown["questions"].keys() != key["questions"].keys():
        raise InputError(f"{folder / QUESTIONS}: is not what {KEY} belongs to; take both from one study")
    _check_numbers(folder / KEY, key, shown)
    return Study(folder, shown, key)


def _check_numbers(path: Path, key: KeyJson, shown: QuestionsJson) -> None:
    """Refuse numbers of people, runs, pictures and places that there are not.

    Raises:
      InputError: naming the question.
    """
    pictures = range(len(shown["pictures"]))
    for name, question in key["questions"].items():
        people = [question["person"], *question["choices"]]
        run = question["run"]
        seen = shown["questions"][name]
        if (
            not all(person in range(len(key["people"])) for person in people)
            or not (run is None if question["kind"] == "control" else run in range(len(key["runs"])))
            or question["right"] - 1 not in range(shown["choices"])
            or len(seen["choices"]) != shown["choices"]
            or not all(number in pictures for number in (*seen["given"], *seen["choices"]))
        ):
            raise InputError(
                f"{path}: question {name} names a person, run, picture or place that there is not"
            )
    if not {name for part in shown["parts"] for name in part} <= key["questions"].keys():
        raise InputError(f"{path}: a part has a question that there is not")
