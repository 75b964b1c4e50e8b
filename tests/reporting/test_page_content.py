"""What is on a run's page: every figure, in order, in few bytes, in colours that can be read."""

import html
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy.stats import norm

from jaxunlearn.attacks.attack_folder import AttackFolder
from jaxunlearn.attacks.attacked import Found
from jaxunlearn.evaluation.frontier.files import JudgedStep
from jaxunlearn.reporting.page.charts import Series, beside, line_chart, spread
from jaxunlearn.reporting.page.frame import render_page
from jaxunlearn.reporting.page.picture import LARGEST_PAGE, PAGE_OF_A_PERSON, PagePictures, encoded
from jaxunlearn.reporting.page.run_page import write_run_page
from jaxunlearn.reporting.page.sections.attack_section import attack_section
from jaxunlearn.reporting.page.sections.curves_section import curves_section, frontier_chart
from jaxunlearn.reporting.page.sections.figures_section import main_figures, measured_with
from jaxunlearn.reporting.page.sections.judges_section import judge_lines, judges_table
from jaxunlearn.reporting.page.sections.people_section import people_section
from jaxunlearn.reporting.page.sections.progress_section import progress_of
from jaxunlearn.reporting.page.sections.run_data import RunData
from jaxunlearn.reporting.page.sections.verdict_section import verdict_section
from jaxunlearn.reporting.page.words import MEANINGS, view
from jaxunlearn.reporting.sheets.selection import changed_most, hardest_first
from jaxunlearn.reporting.sheets.sheet import SheetFolder
from tests.support.figures import of_person
from tests.support.page_folders import (
    a_run,
    alone,
    begun,
    cells,
    figure_lines,
    finish,
    many_generators,
    page_of_a_run,
    page_of_a_shared_run,
    page_of_an_inversion,
    strangers,
    write_lines,
)

TEMPLATES = Path(__file__).parents[2] / "jaxunlearn" / "reporting" / "page" / "templates"


NEVER = {"relearn_steps": None, "more_than": None}
"""Relearning where no judge can say anything."""


def text_of(page: Path) -> str:
    """The page without its pictures, tags and escapes."""
    text = re.sub(r'"data:[^"]*"', '""', page.read_text())
    return html.unescape(re.sub(r"<[^>]+>", "\n", text))


def leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for member in value.values() for leaf in leaves(member)]
    if isinstance(value, list):
        return [leaf for member in value for leaf in leaves(member)]
    return [value]


def attacked(folder: Path) -> dict[str, Any]:
    """Write an `attack.json` as the attacks on two people would."""
    judged = {"similarity": -0.987654321, "accepted": None}
    benign = {
        "benign_id": {"dlib": judged},
        "before": {"dlib": judged | {"similarity": 0.123456789}},
        "forgotten": True,
    }
    curve = {"relearn_steps": None, "more_than": 41, "steps": [0, 4, 8]}
    relearning = {"person": curve, "strangers": [curve | {"relearn_steps": 33}]}
    people = {"0": {"benign": benign, "relearning": relearning}}
    content = {
        "version": "0.1.0",
        "people": people,
        "subjects": {"0": "ada"},
        "seconds": {"0": {"benign": 18.25}},
    }
    (folder / "attack.json").write_text(json.dumps(content))
    return content


def test_every_value_of_the_files_is_on_the_page(tmp_path: Path):
    folder = a_run(tmp_path / "run")
    wanted = leaves(attacked(folder.path)) + leaves(folder.summary)
    values = set(re.split(r"[\n,]\s*", text_of(write_run_page(folder))))
    missing = {json.dumps(leaf) for leaf in wanted if not isinstance(leaf, str)} - values
    assert not missing
    assert len({leaf for leaf in wanted if isinstance(leaf, float)}) > 200


def test_what_people_have_in_common_is_there_once(tmp_path: Path):
    text = text_of(page_of_a_run(tmp_path / "run"))
    quantile = str(strangers()["dlib"]["views"]["quantiles"][7])
    assert text.count(f", {quantile},") == 6  # two judges, three setups, and not once more for the person


def test_the_sections_come_in_the_order_of_a_reader(tmp_path: Path):
    folder = a_run(tmp_path / "run")
    attacked(folder.path)
    page = write_run_page(folder).read_text()
    places = [
        page.index(f'id="{name}"') for name in ("verdict", "judges", "people", "others", "attacks", "figures")
    ]
    assert places == sorted(places)
    assert places[-1] < page.index('id="run"')


def test_figures_have_their_meanings(tmp_path: Path):
    text = text_of(page_of_a_run(tmp_path / "run"))
    assert all(MEANINGS[name] in text for name in ("id", "others_id", "fid_pre", "retained_lpips"))


def settings_on(page: Path, label: str) -> dict[str, Any]:
    """The settings in a block of a page."""
    found = re.search(rf'aria-label="{label}">(.*?)</pre>', page.read_text(), re.DOTALL)
    assert found is not None
    return json.loads(html.unescape(found[1]))


def test_the_settings_of_the_figures_are_on_the_page(tmp_path: Path):
    """And not those that `evaluate` was given others for; they are there as long as nothing is measured."""
    folder = begun(tmp_path / "new", ("ada",), together=False)
    assert settings_on(write_run_page(folder), "Settings of the training")["evaluation"]["views"] == 11
    assert "Settings of the measurement" not in folder.report.read_text()
    folder = a_run(tmp_path / "run")
    folder.add_to_summary({"settings": {"views": 3}})
    page = write_run_page(folder)
    assert settings_on(page, "Settings of the measurement") == {"views": 3}
    training = settings_on(page, "Settings of the training")
    assert "evaluation" not in training
    assert training["steps"] == 5


def test_the_rows_of_an_inversion_are_in_words(tmp_path: Path):
    page = page_of_an_inversion(tmp_path / "inverted")
    rows = dict(row for row in rows_of(page) if len(row) == 2)
    assert not [label for label in rows if "_" in label]
    assert rows["time"] == "1 min 25 s"
    assert rows["the same person to the judge"] == "from a similarity of 0.70"
    shown, collapsed = page.read_text().split("<details>")
    assert "2" * 64 in collapsed
    assert "2" * 64 not in shown
    for term in ("LPIPS", "MSE", "similarity", "judge"):
        assert f">{term}</dt>" in page.read_text()


def rows_of(page: Path) -> list[tuple[str, ...]]:
    rows = re.findall(r"<tr>(.*?)</tr>", page.read_text(), re.DOTALL)
    return [
        tuple(html.unescape(cell) for cell in re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", row)) for row in rows
    ]


def test_pages_say_how_far_the_pictures_moved(tmp_path: Path):
    alone, shared = (
        rows_of(make(tmp_path / make.__name__)) for make in (page_of_a_run, page_of_a_shared_run)
    )
    assert ("MSE, levels 0 to 255", "1022.8", "235.0") in alone
    assert ("SSIM, Gaussian window", "0.7156", "one only") in alone
    assert ("LPIPS", "0.2936", "0.0138", "0.0000") in shared


@pytest.mark.parametrize(("yaw", "words"), [(30, "30° from their left"), (-15.2, "15° from their right")])
def test_a_camera_at_a_positive_yaw_sees_the_left_side(yaw, words):
    """Persons look at the frontal camera, so its right is at their left."""
    assert view(yaw) == words


def test_others_who_changed_most_come_first():
    lines = figure_lines()
    far = changed_most(lines, "retained", 0, "dlib", 3)
    assert [(line["number"], line["lost"]) for line in far] == [(0, True), (1, True), (2, False)]
    near = changed_most(lines, "near", 0, "dlib", 9)
    assert [line["number"] for line in near] == [0, 1, 2, 3]  # the others are the forgotten person already
    lines[2]["judges"]["dlib"] = None  # no face
    assert changed_most(lines, "retained", 0, "dlib", 1)[0]["number"] == 0
    assert changed_most(lines, "retained", 1, "dlib", 3) == []


def test_the_hardest_people_come_first():
    people = [
        {"id": 0.1, "forgotten": True},
        {"id": None, "forgotten": None},
        {"id": 0.5, "forgotten": True},
        {"id": -0.2, "forgotten": False},
        None,
    ]
    assert hardest_first(people) == [3, 2, 0, 1, 4]


def test_other_people_have_their_similarity(tmp_path: Path):
    page = page_of_a_run(tmp_path / "run")
    text = text_of(page)
    assert "Of 16 random people, the 12 who changed most, the worst first." in text
    first, third = text.index("lost, 0.60"), text.index("kept, 0.64")
    assert first < third


@pytest.mark.parametrize("side", [64, 200])
def test_a_picture_has_at_most_so_many_bytes(side: int):
    noise = cells(1, 1, side, noise=True)[0, 0]
    picture = encoded(noise, "noise", 3000)
    assert len(picture.source) <= 3000 * 4 / 3 + 40
    small = encoded(cells(1, 1, side)[0, 0], "grey", 3000)
    assert (small.width, small.height) == (side, side)
    assert small.source.startswith("data:image/webp;base64,")


def test_a_large_picture_is_encoded_at_few_sizes(monkeypatch):
    """And once at its own."""
    sizes, original = [], Image.Image.save

    def save(image, *arguments, **options):
        sizes.append(image.size)
        original(image, *arguments, **options)

    monkeypatch.setattr(Image.Image, "save", save)
    picture = encoded(cells(1, 1, 256, noise=True)[0, 0], "noise", 6000)
    assert sizes.count((256, 256)) == 1
    assert len(sizes) < 6
    assert sizes[-1] == (picture.width, picture.height)
    assert len(picture.source) <= 6000 * 4 / 3 + 40


def test_pages_keep_their_sizes(tmp_path: Path):
    """Noise is the worst that can be encoded."""
    folder = begun(tmp_path / "one", ("ada",), together=False)
    finish(folder, side=160, noise=True, photos=8)
    figures = of_person() | {"strangers": strangers()}
    write_lines(folder, figure_lines())
    folder.add_to_summary(figures | {"people": {"0": figures}})
    assert 1_000_000 < write_run_page(folder).stat().st_size < PAGE_OF_A_PERSON

    names = tuple(f"seed {k}" for k in range(200))
    folder = begun(tmp_path / "many", names, together=True)
    finish(folder, side=48, noise=True)
    people = {str(k): alone(of_person()) for k in range(200)}
    write_lines(folder, figure_lines())
    folder.add_to_summary(of_person() | {"strangers": strangers(), "forgotten": 200, "people": people})
    assert write_run_page(folder).stat().st_size < LARGEST_PAGE
    assert PagePictures(13 * 200, 200).most * 13 * 200 * 4 / 3 < 0.8 * LARGEST_PAGE


def test_a_photo_stands_beside_what_is_drawn_for_it(tmp_path: Path):
    folder = a_run(tmp_path / "run", "ada")
    (person,) = people_section(RunData.read(folder), PagePictures(40, 1))
    photos = cells(3, 2)
    for number, pair in enumerate(person.photos):
        assert pair.photo is not None
        alts = [each.alt for each in (pair.photo, pair.before, pair.after)]
        title = f"Other photo {number + 1} of ada"
        assert alts == [title, f"{title}, as drawn before", f"{title}, as drawn after"]
        for row, each in enumerate((pair.photo, pair.before, pair.after)):
            assert each == encoded(photos[row, number], each.alt, 40_000)
    assert "From left to right: the photo, and what the" in text_of(write_run_page(folder))

    SheetFolder(folder.images).write("photos-0000", ("before", "after"), [{"photo": 0}], cells(2, 1))
    (person,) = people_section(RunData.read(folder), PagePictures(40, 1))
    assert [pair.photo for pair in person.photos] == [None]
    assert "left before, right after" in text_of(write_run_page(folder))


def test_a_judge_s_figure_lies_left_of_the_threshold(tmp_path: Path):
    (line, _) = judge_lines(RunData.read(a_run(tmp_path / "run")))
    assert line.threshold is not None
    assert line.highest is not None
    assert line.target is not None
    assert line.target.x < line.highest.x < line.threshold.x
    assert line.highest.text == "after 0.10"
    assert line.state == "good"


@pytest.mark.parametrize("together", [False, True])
def test_two_people_of_one_name_are_two(tmp_path: Path, *, together: bool):
    folder = begun(tmp_path / "run", ("1.png", "1.png"), together=together)
    finish(folder)
    people = {"0": of_person({"id": 0.95, "found": {"latent": True}}), "1": of_person()}
    folder.add_to_summary(of_person() | {"forgotten": 1, "people": people})
    run = RunData.read(folder)
    line = judge_lines(run)[0]
    assert (line.sentence, line.state, len(line.people)) == ("Finds 1 of 2 people.", "bad", 2)
    assert line.highest is not None
    assert (line.highest.text, line.hardest) == ("highest 0.95", "1.png")
    sentences = [sentence for reason in verdict_section(run).reasons for sentence in reason.sentences]
    if together:
        assert "Still found: 1 at their latent." in sentences
        assert any(sentence.endswith("at most 0.95 (1.png).") for sentence in sentences)
    else:
        assert sentences[0].startswith("1.png is NOT forgotten: still found at their latent by")
        assert sentences[1].startswith("1.png is forgotten")


@pytest.mark.parametrize("resumed", [0, 800])
def test_the_time_left_is_by_the_steps_since_the_run_resumed(tmp_path: Path, resumed: int):
    folder = begun(tmp_path / "run", ("ada",), together=False, steps=1000)  # with five steps of 7 s
    for step in range(6, 851):
        folder.log({"step": step, "seconds": 7.0 * (step - (resumed if step > resumed else 0)), "loss": 0.1})
    progress = progress_of(RunData.read(folder), PagePictures(1, 1))
    assert progress is not None
    assert progress.remaining == "About 18 minutes left"


def test_the_hill_has_the_shape_of_the_strangers():
    quantiles = norm.ppf(np.linspace(0.001, 0.999, 201), 0.2, 0.1)
    hill = spread(quantiles.tolist(), -0.5, 1.0, bins=60)
    middles = np.linspace(-0.5, 1.0, 61)[:-1] + 0.0125
    assert abs(middles[hill.argmax()] - 0.2) < 0.03
    wanted = norm.pdf(middles, 0.2, 0.1)
    assert np.abs(hill - wanted / wanted.max()).max() < 0.12


def test_charts_place_their_points():
    points = np.array([[0.0, 1.0], [10.0, 3.0]])
    chart = line_chart(
        "Loss",
        [Series("a", points)],
        labels=("step", "loss"),
        summary="s",
        x_range=(0.0, 10.0),
        y_range=(1.0, 3.0),
    )
    left, top, right, bottom = chart.box
    assert chart.curves[0].path == f"{left},{bottom} {right},{top}"
    assert [tick.text for tick in chart.x_ticks] == ["0", "2", "4", "6", "8", "10"]


def test_curves_leave_out_what_is_not_finite(tmp_path):
    """The log has null there."""
    folder = begun(tmp_path / "run", ("ada",), together=False)
    folder.log({"step": 6, "seconds": 42.0, "loss": None, "identity": [None, 0.0]})
    loss, similarity = curves_section(RunData.read(folder))
    assert [each.summary.split("to ")[-1] for each in (loss, similarity)] == ["0.2 in 5 steps.", "0.80."]


def test_without_a_weight_nothing_is_said_of_the_similarity(tmp_path):
    """The log has 0 there."""
    folder = begun(tmp_path / "run", ("ada",), together=False)
    folder.metrics_file.unlink()
    for step in (1, 2):
        folder.log({"step": step, "seconds": 1.0, "loss": 0.5, "identity": [0.0, 0.0]})
    assert [chart.title for chart in curves_section(RunData.read(folder))] == ["Loss"]


def test_the_threshold_of_a_frontier_is_drawn_inside_its_chart():
    judged: JudgedStep = {"id": [0.9], "others_id": 0.99, "others_kept": 1.0, "others": 4, "threshold": 0.4}
    chart = frontier_chart({"": [{"step": 5, "judges": {"heads": judged}, "measured_with": {}}]})
    assert chart is not None
    assert chart.upright is not None
    assert chart.box[0] < chart.upright < chart.box[2]
    assert chart.summary == "this run: forgotten 0.90, others 0.99."


def test_an_axis_that_counts_has_no_halves():
    points = Series("a", np.array([[1.0, 0.0], [3.0, 1.0]]))
    for whole, texts in ((True, ["1", "2", "3"]), (False, ["1", "1.5", "2", "2.5", "3"])):
        chart = line_chart("t", [points], labels=("x", "y"), summary="s", whole_x=whole)
        assert [tick.text for tick in chart.x_ticks] == texts


def luminance(colour: str) -> float:
    colour = colour if len(colour) == 7 else "#" + "".join(2 * digit for digit in colour[1:])
    levels = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) / 255
    linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(a: str, b: str) -> float:
    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
def test_text_has_contrast(scheme: str):
    style = (TEMPLATES / "style.css").read_text()
    blocks = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    light, dark, paper = (dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{3,6})\b", block)) for block in blocks)
    colours = {"light": light, "dark": light | dark, "print": light | paper}[scheme]
    on_cards = ("ink", "soft", "good", "bad", "unknown", "link", "mark", *(f"curve{k}" for k in range(6)))
    for name in on_cards:
        for ground in ("paper", "card"):
            assert contrast(colours[name], colours[ground]) >= 4.5, (name, ground)
    for name in ("good", "bad", "unknown", "mixed"):
        assert contrast(colours[name], colours[f"{name}-tint"]) >= 4.5
    assert contrast(colours["ink"], colours["hill"]) >= 4.5


def test_the_policy_names_the_style_and_the_script():
    nobody = {"people": [], "measured": [], "asked": 1, "done": 0, "diverged": 0}
    page = render_page("worklist.html", "t", nobody)
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    assert "unsafe" not in policy


def test_strengths_have_a_table_with_the_thresholds(tmp_path: Path):
    folder = a_run(tmp_path / "run", "ada")
    rows = rows_of(write_run_page(folder))
    judges = ("heads identity judge (same person from 0.70 on)", "dlib (same person from 0.79 on)")
    assert ("strength", *judges, "others to heads identity judge") in rows
    assert ("0", "1.00", "1.00", "1.00") in rows
    assert ("0.5", "0.75", "0.75", "0.95") in rows
    assert ("1.25", "0.38", "not measured", "0.88") in rows


def test_labels_of_a_chart_stand_clear_of_each_other():
    points = [(80.0, 150.0), (85.0, 141.0), (82.0, 148.0), (300.0, 120.0)]
    first, second, third, fourth = beside(points, ["0.35", "0.7", "1.4", "far"])
    assert second == (91.0, 157.0), "the highest keeps its place"
    assert [third, first] == [(88.0, 137.0), (86.0, 124.0)], "no room below above the axis: they go up"
    assert fourth == (306.0, 136.0), "nothing is near"
    level = (0.9, "same person")
    for last, above in ((0.95, False), (0.2, True)):
        chart = line_chart(
            "t",
            [Series("s", np.array([[0.0, 0.0], [1.0, last]]))],
            labels=("x", "y"),
            summary="",
            level=level,
            y_range=(0, 1),
        )
        assert chart.level is not None
        assert (chart.level_text < chart.level.place) is above


def test_what_was_counted_near_the_forgotten_is_said_beside_the_verdict(tmp_path: Path):
    folder = a_run(tmp_path / "run", "ada")
    verdict = verdict_section(RunData.read(folder))
    assert verdict.rest[:2] == (
        "Other people, chosen at random, stay the same: 2 of 64 are somebody else to a judge afterwards.",
        "Of people near the forgotten, a judge takes 15 of 60 (0.5 median radii away; 4 too near to count) "
        "for somebody else.",
    )
    assert verdict.state == "mixed"
    labels = [reason.label for reason in verdict.reasons]
    assert labels == [
        "The target",
        "Other people, chosen at random",
        "People near the forgotten",
        "Pictures of other people",
    ]
    near = of_person()["near"]["0.5"]
    both = {"0.5": near, "1.0": near | {"lost": None, "same": 64}}
    folder.add_to_summary({"near": both, "people": {"0": of_person() | {"near": both}}})
    (reason,) = [each for each in verdict_section(RunData.read(folder)).reasons if "near" in each.label]
    assert reason.sentences[1] == (
        "1 median radius away, nobody is left: all 64 are so near that a judge takes them for the forgotten "
        "person even before unlearning."
    )


def test_tiles_of_near_people_whom_no_judge_knows(tmp_path: Path):
    folder = a_run(tmp_path / "run", "ada")
    nobody = of_person()["near"]["0.5"] | {"lost": None}
    for same, note in ((64, "all 64 look like the forgotten already before"), (0, "no judge can say")):
        folder.add_to_summary({"near": {"0.5": nobody | {"same": same}}})
        (tile,) = [tile for tile in verdict_section(RunData.read(folder)).tiles if "Near" in tile.label]
        assert (tile.value, tile.state) == ("unknown", "unknown")
        assert tile.note.endswith(note)


def test_of_several_generators_tile_and_sentence_agree(tmp_path: Path):
    """In the mean few are lost, but not in the first generator."""
    folder = many_generators(tmp_path / "run", 3)
    start, end = "Other people, chosen at random, ", "are somebody else to a judge afterwards."

    def said() -> tuple[str, str]:
        verdict = verdict_section(RunData.read(folder))
        (tile,) = [tile for tile in verdict.tiles if tile.label == "Other people lost"]
        return tile.state, verdict.rest[0]

    assert said() == ("good", f"{start}stay the same in all 3 generators: in the worst, 2 of 64 {end}")
    people = folder.summary["people"]
    people["0"] |= {"others_lost": 6 / 64, "others_lost_counts": {"number": 6, "people": 64}}
    folder.add_to_summary({"people": people})
    assert said() == ("bad", f"{start}do NOT stay the same in 1 of 3 generators: in the worst, 6 of 64 {end}")


def test_tiles_of_several_generators_are_means_with_the_state_of_the_worst(tmp_path: Path):
    folder = many_generators(tmp_path / "run", 3)
    people = folder.summary["people"]
    for figures in people.values():
        figures["near"]["0.5"]["lost"] = 0.0
    folder.add_to_summary({"people": people})
    tiles = {tile.label: tile for tile in verdict_section(RunData.read(folder)).tiles}
    others, near = tiles["Other people lost"], tiles["Near people lost"]
    assert (others.note, others.state) == ("chosen at random; a mean over 3 generators", "good")
    assert near.note.endswith("; a mean over 3 generators")
    assert near.state == "good"
    people["1"]["others_lost"] = people["2"]["near"]["0.5"]["lost"] = 0.3
    folder.add_to_summary({"people": people})
    tiles = {tile.label: tile for tile in verdict_section(RunData.read(folder)).tiles}
    assert tiles["Other people lost"].state == tiles["Near people lost"].state == "bad"


def test_photos_that_were_not_the_person_to_a_judge_do_not_count(tmp_path: Path):
    folder = a_run(tmp_path / "run", "ada")
    photos = {"id_others": 0.8, "id_others_max": 0.9, "others_found": 1, "others": 4}
    person = of_person(photos | {"others_known": 2}, photos | {"others_known": 4})
    folder.add_to_summary({"people": {"0": person}})
    run = RunData.read(folder)
    (reason,) = [each for each in verdict_section(run).reasons if "photos" in each.label]
    assert reason.sentences == (
        "heads identity judge finds them in 1 of the 2 where it recognised them before (at most 0.90).",
        "dlib finds them in 1 of 4 (at most 0.90).",
    )
    table = judges_table(run.people[0])
    assert ("other photos, highest", "0.90, found in 1 of 2", "0.90, found in 1 of 4") in table.rows


def test_of_many_generators_the_verdict_names_those_who_are_not_forgotten_first(tmp_path: Path):
    folder = many_generators(tmp_path / "run", 20)
    reasons = {reason.label: reason.sentences for reason in verdict_section(RunData.read(folder)).reasons}
    people = reasons["The people"]
    assert [sentence.split(" is ")[0] for sentence in people[:2]] == ["seed 0", "seed 10"]
    assert people[2].startswith("seed 1 is forgotten")
    assert people[-1] == "Of the 8 others, 8 are forgotten."
    assert "Other people, chosen at random, a mean over 20 generators" in reasons


def test_pictures_from_before_the_evaluation_are_not_called_the_worst(tmp_path: Path):
    folder = a_run(tmp_path / "run", "ada")
    SheetFolder(folder.images).write("far-0000", ("before", "after"), [{"seed": 1001}], cells(2, 1))
    text = text_of(write_run_page(folder))
    assert "1 random people, who were not measured" in text
    assert "who changed most, the worst first" in text  # those near by
    assert "Of 16 random people" not in text


def test_a_run_that_was_not_measured_explains_no_figures(tmp_path: Path):
    folder = begun(tmp_path / "run", ("ada",), together=False)
    finish(folder)
    assert "Other people, who should stay the same" in (text := text_of(write_run_page(folder)))
    assert "means that at least one judge" not in text
    assert "Distances are" not in text
    assert "means that at least one judge" in text_of(page_of_a_run(tmp_path / "measured"))


@pytest.mark.parametrize(
    ("found", "sentence", "note"),
    [
        (
            {"relearning": {"person": NEVER, "strangers": [NEVER]}},
            "No judge can say whether an attack brings anybody back.",
            "no judge can say",
        ),
        (
            {"erasure": {}},
            "No attack was tried that could bring anybody back.",
            "no attack that could bring anybody back was tried",
        ),
    ],
)
def test_an_attack_that_says_nothing_is_not_called_good(tmp_path: Path, found, sentence, note):
    folder = a_run(tmp_path / "run", "ada")
    content = {"people": {"0": found}, "subjects": {"0": "ada"}}
    (folder.path / "attack.json").write_text(json.dumps(content))
    verdict = verdict_section(RunData.read(folder))
    assert sentence in verdict.rest
    (tile,) = [tile for tile in verdict.tiles if tile.label == "Under attack"]
    assert (tile.value, tile.note, tile.state) == ("unknown", note, "unknown")


@pytest.mark.parametrize(
    ("together", "marked"), [(True, "the forgotten are numbered"), (False, "bea is marked")]
)
def test_the_map_says_who_is_marked(tmp_path: Path, together: bool, marked: str):
    run = begun(tmp_path / "run", ("ada", "bea"), together=together)
    figures = {"source": {"erasure_ranks": {"knn": [0.5]}}, "erasure_ranks": {"knn": [0.9]}}
    AttackFolder(run.path).write("erasure", 1, Found(figures, {}, {"map": "<svg/>"}), 1.0, {})
    content = {"people": {"1": {"erasure": figures}}, "subjects": {"1": "bea"}}
    (run.path / "attack.json").write_text(json.dumps(content))
    (person,) = attack_section(RunData.read(run), PagePictures(1, 1))
    (attack,) = person.attacks
    assert attack.map is not None
    assert attack.map.alt.endswith(f"before and after; {marked}")


def test_of_many_attacked_people_those_who_came_back_are_named(tmp_path: Path):
    folder = many_generators(tmp_path / "run", 15)
    content = attacked(folder.path)
    found = content["people"]["0"]
    back = found | {"relearning": found["relearning"] | {"person": {"relearn_steps": 4, "more_than": None}}}
    content["people"] = {str(k): back if k == 14 else found for k in range(15)}
    content["subjects"] = {str(k): f"seed {k}" for k in range(15)}
    (folder.path / "attack.json").write_text(json.dumps(content))
    (reason,) = [each for each in verdict_section(RunData.read(folder)).reasons if "attack" in each.label]
    assert reason.sentences[0].startswith("seed 14, under attack: brought back by 4 steps on one photo")
    assert reason.sentences[1].startswith("seed 0, under attack: not brought back")
    assert reason.sentences[-1] == "Of the 3 others who were attacked, 0 are brought back."


def test_figures_of_several_people_are_called_means(tmp_path: Path):
    """No mean is called the highest; of a generator that people share, figures of others are none."""
    for together, of_others in ((True, ""), (False, "mean over the 2 generators: ")):
        folder = begun(tmp_path / str(together), ("ada", "bea"), together=together)
        finish(folder)
        people = {str(k): of_person({"id_others_max": value}) for k, value in enumerate((0.2, 0.9))}
        folder.add_to_summary(of_person({"id_others_max": 0.55}) | {"people": people})
        table = main_figures(RunData.read(folder))
        assert table is not None
        meanings = {name: (value, meaning) for name, value, meaning in table.rows}
        value, meaning = meanings["id_others_max"]
        assert value == "0.55"
        assert meaning.startswith("mean over the 2 people: the highest of")
        assert meanings["others_id"][1] == of_others + MEANINGS["others_id"]


def test_all_judges_that_measured_are_named(tmp_path: Path):
    folder = a_run(tmp_path / "run", "ada")
    networks = {
        "identity": "heads identity judge",
        "judges": ["heads identity judge", "dlib"],
        "frechet": "a",
    }
    folder.add_to_summary({"networks": networks})
    said = measured_with(RunData.read(folder))
    assert said.startswith("Measured with heads identity judge (main judge), dlib (judge), a (frechet).")


def test_each_of_many_curves_has_its_own_stroke_and_a_label_inside_the_chart():
    """Also where all end at the right edge; a curve of another meaning has a colour of its own."""
    series = [Series("other people", np.array([[0, 1], [1, 1]]), "other people", apart=True)]
    series += [Series(f"run {k}", np.array([[0, 1], [1, 0.9 - k / 100]]), f"run {k}") for k in range(8)]
    chart = line_chart("title", series, labels=("x", "y"), summary="")
    assert len({(curve.colour, curve.dashes) for curve in chart.curves}) == len(series)
    assert [curve.name for curve in chart.curves if curve.colour == "own"] == ["other people"]
    for curve in chart.curves:
        left, row = curve.label_at
        assert 0 <= left <= chart.width - 8 * len(curve.label)
        assert row < chart.box[3]


def test_labels_of_runs_with_long_names_are_numbers_of_the_legend():
    judged = {"id": [0.5], "others_id": 0.9, "others_kept": 0.9, "others": 32, "threshold": 0.7}
    line: Any = {"step": 5, "judges": {"heads": judged}, "measured_with": {}}
    names = ("a-lambda=10.0", "b-lambda=10.0")
    chart = frontier_chart({name: [line] for name in names})
    assert chart is not None
    assert [curve.label for curve in chart.curves] == ["1", "2"]
    assert [curve.name for curve in chart.curves] == [f"{k}: {n}, to step 5" for k, n in enumerate(names, 1)]


def test_names_from_right_to_left_turn_no_figures_round(tmp_path: Path):
    """In a list, two of them would even change places; other names stay as they are."""
    names = ("محمد", "ada", "علي")
    folder = begun(tmp_path / "run", names, together=True)
    finish(folder)
    people = {str(k): of_person({"id": 0.9, "found": {"latent": True}}) for k in range(3)}
    folder.add_to_summary(of_person() | {"forgotten": 0, "people": people})
    run = RunData.read(folder)
    assert run.subjects == ("\u2068محمد\u2069", "ada", "\u2068علي\u2069")
    text = text_of(write_run_page(folder))
    assert "NOT forgotten: \u2068محمد\u2069 (0.90 to heads identity judge), ada (0.90" in text
