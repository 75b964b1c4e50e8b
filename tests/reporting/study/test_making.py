"""A study from run folders: its pictures, its page, its key."""

import base64
import html.parser
import io
import json
import re
from pathlib import Path

import pytest
from PIL import Image

from jaxunlearn.errors import InputError
from jaxunlearn.files.door import read_json, write_json
from jaxunlearn.reporting.study import StudySettings, make_study, making
from jaxunlearn.reporting.study.folder import Study, read_study
from jaxunlearn.training.storage.run_dir import RunFolder
from tests.support.tiny_study import tiny_run, tiny_study


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return tiny_study(tmp_path_factory.mktemp("made"))


class Texts(html.parser.HTMLParser):
    """Everything in a page but its style, script and data."""

    def __init__(self, page: str):
        super().__init__()
        self.inside = ""
        self.attributes: list[str] = []
        self.words: list[str] = []
        self.data = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.inside = dict(attrs).get("type") or tag
        self.attributes += [value or "" for name, value in attrs if name != "content"]

    def handle_data(self, data):
        if self.inside == "application/json":
            self.data += data
        elif self.inside not in ("style", "script"):
            self.words.append(data)

    def handle_endtag(self, tag):
        self.inside = ""


def test_the_folder_holds_the_page_what_it_shows_and_the_key(study: Study):
    assert sorted(path.name for path in study.folder.iterdir()) == [
        "key.json",
        "questions.json",
        "study.html",
    ]
    assert [path.name for path in study.folder.parent.glob(".*")] == []  # nothing temporary
    kinds = [each["kind"] for each in study.key["questions"].values()]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {"forgotten": 8, "retained": 8, "control": 6}
    assert [run["name"] for run in study.key["runs"]] == ["together", "copies"]
    of_copies = [each for each in study.key["questions"].values() if each["run"] == 1]
    assert {each["distractors"] for each in of_copies} == {"strangers"}
    assert {each["copy"] for each in of_copies if each["kind"] == "forgotten"} == {0, 1}
    assert {each["seed"] for each in study.key["people"][:7]} == {0, 1, 2, 3, 4, 5, 77}


def test_the_page_gives_nothing_away(study: Study):
    page = (study.folder / "study.html").read_text()
    texts = Texts(page)
    shown = json.loads(texts.data)
    assert shown == read_json(study.folder / "questions.json")
    assert shown.keys() == {"format", "study", "choices", "pictures", "questions", "parts"}
    assert {frozenset(each) for each in shown["questions"].values()} == {frozenset({"given", "choices"})}
    without_pictures = re.sub(r"data:image/webp;base64,[\w+/=]+", "", page)
    names = [person["name"] for person in study.key["people"]] + [run["name"] for run in study.key["runs"]]
    secrets = [
        *names,
        str(study.key["seed"]),
        "forgotten",
        "forget",
        "retained",
        "control",
        "unlearn",
    ]
    said = without_pictures.replace("Made by jaxunlearn", "").replace("jaxunlearn-study-", "")
    assert not [word for word in secrets if word in said]
    alts = [text for text in texts.attributes if text.startswith("Picture")]
    assert alts == [f"Picture {place}" for place in range(1, 6)]


def test_pictures_hold_no_more_than_pixels(study: Study):
    for picture in study.shown["pictures"]:
        kind, _, content = picture["source"].partition(",")
        assert kind == "data:image/webp;base64"
        image = Image.open(io.BytesIO(base64.b64decode(content)))
        assert image.size == (picture["width"], picture["height"])
        assert image.info.keys() <= {"loop", "background", "timestamp", "duration"}


def test_no_picture_to_choose_from_is_in_two_questions(study: Study):
    """Else the right one, which is drawn for its own question only, would be seen less often than others."""
    numbers = [number for each in study.shown["questions"].values() for number in each["choices"]]
    assert len(set(numbers)) == len(numbers)
    given = {number for each in study.shown["questions"].values() for number in each["given"]}
    assert not given & set(numbers)


def test_right_places_are_everywhere_and_questions_in_no_order(study: Study):
    rights = [each["right"] for each in study.key["questions"].values()]
    assert set(rights) == {1, 2, 3, 4, 5}
    kinds = [study.key["questions"][name]["kind"] for name in sorted(study.key["questions"])]
    assert kinds != sorted(kinds)


def test_the_same_seed_makes_the_same_study_and_another_another(study: Study, tmp_path: Path):
    runs = [study.folder.parent / name for name in ("together", "copies")]
    for seed, same in ((314159265, True), (6, False)):
        settings = StudySettings(seed=seed, questions=12)
        page = make_study(runs, tmp_path / str(seed), settings=settings, progress=False)
        again = read_study(page.parent)
        assert (again.shown["study"] == study.shown["study"]) == same
        assert (again.key["questions"] == study.key["questions"]) == same
    drawn = [StudySettings().with_seed().seed for _ in range(2)]
    assert drawn[0] != drawn[1]


def test_fewer_people_and_two_given_pictures(tmp_path: Path):
    study = tiny_study(tmp_path, people=1, retained=0, controls=0, given=2, choices=3)
    assert [each["kind"] for each in study.key["questions"].values()] == ["forgotten"] * 2
    assert {len(each["given"]) for each in study.shown["questions"].values()} == {2}
    assert {len(each["choices"]) for each in study.shown["questions"].values()} == {3}


def test_a_copy_that_diverged_is_left_out(tmp_path: Path):
    run = tiny_run(tmp_path / "copies", [3, 77], together=False)
    RunFolder(run).add_to_summary({"diverged": [0]})
    page = make_study(run, tmp_path / "study", settings=StudySettings(seed=1), progress=False)
    key = read_study(page.parent).key
    assert key["runs"][0]["left_out"] == ["<b>person</b> 3"]
    assert {each["copy"] for each in key["questions"].values()} == {1, None}
    RunFolder(run).add_to_summary({"diverged": [0, 1]})
    with pytest.raises(InputError, match="copies: all its generators diverged"):
        make_study(run, tmp_path / "other", progress=False)


def test_what_cannot_be_a_study_is_refused_before_anything_is_drawn(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(making, "draw_shots", lambda *_, **__: pytest.fail("drawn"))
    first = tiny_run(tmp_path / "first", [1, 2], together=True)
    second = tiny_run(tmp_path / "second", [1, 2], together=True)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").touch()
    for out, runs, message in (
        ("full", [first], "holds other files; give an empty or a new folder"),
        ("new", [], "give at least one run"),
        ("new", [first, first], "is given twice"),
        ("new", [tmp_path], "not the folder of a run"),
    ):
        with pytest.raises(InputError, match=message):
            make_study(runs, tmp_path / out, progress=False)
    with pytest.raises(InputError, match="504 questions are too many for a page, which has at most 400"):
        make_study(first, tmp_path / "new", settings=StudySettings(retained=500), progress=False)
    request = read_json(second / "run.json")
    write_json(second / "run.json", request | {"fingerprint": "0" * 64})
    with pytest.raises(InputError, match="second: started from another generator than"):
        make_study([first, second], tmp_path / "new", progress=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "first",
        "full",
        "second",
        "source.safetensors",
    ]


def test_a_study_that_fails_leaves_nothing(tmp_path: Path, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(making, "write_study_page", fail)
    run = tiny_run(tmp_path / "run", [1], together=True)
    with pytest.raises(OSError, match="No space left"):
        make_study(run, tmp_path / "study", settings=StudySettings(retained=0, controls=0), progress=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run", "source.safetensors"]


def test_an_empty_folder_is_taken(tmp_path: Path, monkeypatch):
    run = tiny_run(tmp_path / "run", [1], together=True)
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / ".DS_Store").touch()
    settings = StudySettings(retained=0, controls=0)
    assert make_study(run, tmp_path / "study", settings=settings, progress=False).is_file()
    monkeypatch.chdir(tmp_path / "run")
    with pytest.raises(InputError, match="is the folder that you are in"):
        make_study(run, ".", settings=settings, progress=False)


@pytest.mark.parametrize("name", ["questions.json", "key.json"])
def test_a_changed_study_is_refused(study: Study, tmp_path: Path, name: str):
    for file in ("questions.json", "key.json"):
        (tmp_path / file).write_bytes((study.folder / file).read_bytes())
    content = read_json(tmp_path / name)
    if name == "key.json":
        content["questions"]["q001"]["person"] = 10_000
        message = "question q001 names a person, run, picture or place that there is not"
    else:
        content["questions"]["q001"]["choices"].reverse()
        message = "is not what key.json belongs to; take both from one study"
    write_json(tmp_path / name, content)
    with pytest.raises(InputError, match=message):
        read_study(tmp_path)
    with pytest.raises(InputError, match="not the folder of a study"):
        read_study(tmp_path.parent)
