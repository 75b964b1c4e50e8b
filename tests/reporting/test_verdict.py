"""What the figures of a run are called in plain words."""

import html
import re
from typing import Any

import numpy as np
import pytest

from jaxunlearn.evaluation.forgetting_by_judge import PLACES
from jaxunlearn.methods.base import Advice
from jaxunlearn.methods.config.declaration import declared, default_config
from jaxunlearn.methods.guide import presets
from jaxunlearn.methods.registry import METHODS, method_of, named, preset
from jaxunlearn.models.loading import RANDOM_WEIGHTS
from jaxunlearn.reporting.page.run_page import write_run_page
from jaxunlearn.reporting.verdict import IN_WORDS, random_weights_of, run_cost, verdict, verdict_together
from jaxunlearn.training.storage.request import Request
from jaxunlearn.training.storage.run_dir import RunFolder
from jaxunlearn.workflows.batch_report import SHORT
from tests.support.figures import nobody_seen, of_person

JUDGE = "heads identity judge"
SAME = (
    "Other people, chosen at random, stay the same: 2 of 64 are somebody else to a judge afterwards. Their "
    "similarity before and after is 0.94 on average; for one person in twenty it is below 0.79."
)
NEAR = (
    "Of people near the forgotten, 0.5 median radii away, 15 of 60 are somebody else to a judge afterwards. "
    "4 more are left out: so near that a judge takes them for the forgotten person even before unlearning."
)
PHOTOS: dict[str, Any] = {
    "id_others": 0.61,
    "id_others_max": 0.65,
    "others": 4,
    "others_known": 4,
    "found": {"photos": False},
}
FOUND = PHOTOS | {"id_others_max": 0.85, "others_known": 3, "others_found": 2, "found": {"photos": True}}
UNKNOWN = PHOTOS | {"id_others_max": None, "others_known": 0, "found": {"photos": None}}


def test_every_place_has_its_words():
    assert PLACES == tuple(IN_WORDS) == tuple(SHORT)


def test_a_person_who_is_forgotten():
    assert verdict("seed 7", of_person()) == [
        "seed 7 is forgotten: none of 2 judges finds them at their latent, from the sides or at a truncated "
        "latent.",
        "Similarity before and after: 0.10 to heads identity judge (the same person from 0.70 on; 45 of 100 "
        "pairs of strangers are at least as alike), 0.60 to dlib (the same person from 0.79 on; 45 of 100 "
        "pairs of strangers are at least as alike).",
        "They became their target.",
        SAME,
        NEAR,
        "Pictures of other people change by LPIPS 0.005. The Fréchet distance between the pictures before "
        "and after is 1.38 (alexnet features).",
    ]


def test_other_photos_are_looked_at_one_by_one():
    lines = verdict("seed 7", of_person(PHOTOS, FOUND))
    assert lines[0] == "seed 7 is NOT forgotten: still found in other photos by dlib."
    assert lines[2] == (
        "Other photos of them: similarity before and after 0.61 on average; heads identity judge finds them "
        "in 0 of 4 (at most 0.65); dlib finds them in 2 of the 3 where it recognised them before (at most "
        "0.85)."
    )
    lines = verdict("seed 7", of_person(PHOTOS, PHOTOS))
    assert "forgotten: none of 2 judges" in lines[0]
    assert lines[0].endswith("at a truncated latent or in other photos.")


def test_photos_that_nobody_takes_for_the_person_say_nothing():
    lines = verdict("seed 7", of_person(UNKNOWN, UNKNOWN))
    assert lines[0].endswith("finds them at their latent, from the sides or at a truncated latent.")
    assert lines[2].endswith(
        "; even before unlearning no judge recognises them there, so these photos say nothing."
    )
    lines = verdict("seed 7", of_person(PHOTOS, FOUND | {"id_others_max": None, "others_found": 0}))
    assert lines[2].endswith("0 of the 3 where it recognised them before (no face afterwards).")
    lines = verdict("seed 7", of_person(PHOTOS, UNKNOWN))
    assert lines[2].endswith("; dlib recognises them in none of 4 even before.")


@pytest.mark.parametrize(
    ("main", "dlib", "line"),
    [
        ({"found": {"latent": True}}, {}, f"still found at their latent by {JUDGE}."),
        (
            {"found": {"latent": True, "wide": True}},
            {"found": {"latent": True}},
            f"still found at their latent by {JUDGE} and dlib; from the sides by {JUDGE}.",
        ),
        ({}, {"found": {"truncated": True}}, "still found at a truncated latent by dlib."),
    ],
)
def test_where_and_by_whom_somebody_is_found_is_said(main, dlib, line):
    assert verdict("seed 7", of_person(main, dlib))[0] == f"seed 7 is NOT forgotten: {line}"


def test_what_went_otherwise_is_said():
    figures = of_person({}, {"reaches_target": False})
    assert verdict("seed 7", figures)[2].startswith("To dlib they did NOT become their target")
    lines = verdict(
        "seed 7", figures | {"others_lost": 0.27, "others_lost_counts": {"number": 17, "people": 64}}
    )
    assert lines[3].startswith("Other people, chosen at random, do NOT stay the same: 17 of 64 are somebody")
    lines = verdict("seed 7", nobody_seen())
    assert lines[0] == "seed 7: not measured, because no pair of pictures has a face both before and after."


def test_without_a_threshold_nothing_is_judged():
    unknown: dict[str, Any] = {
        "threshold": None,
        "stranger_rank": None,
        "reaches_target": None,
        "found": dict.fromkeys(("latent", "wide", "truncated", "photos")),
    }
    figures = of_person(unknown, unknown) | {"forgotten": None, "others_lost": None}
    lines = verdict("seed 7", figures)
    assert lines[0] == "seed 7: no judge can say whether they are forgotten."
    assert lines[1] == "Similarity before and after: 0.10 to heads identity judge, 0.60 to dlib."
    assert lines[2].startswith("Other people's similarity before and after is 0.94 on average")


def of_many(*people: tuple[float | None, float | None], advice: Advice | None = None) -> list[str]:
    """Lines about people of an `id` and an `id_target` each."""

    def figures(now: float | None, wanted: float | None) -> dict[str, Any]:
        if now is None:
            return nobody_seen()
        return of_person({"id": now, "id_target": wanted, "found": {"latent": now >= 0.7}})

    each = {str(k): figures(*person) for k, person in enumerate(people)}
    forgotten = sum(bool(person["forgotten"]) for person in each.values())
    names = ("ada", "bea", "cleo", "dan", "eva", "fay", "gus")[: len(people)]
    of_all = of_person({"id": 0.42}) | {"forgotten": forgotten, "people": each}
    return verdict_together(names, of_all, advice)


def test_many_people_and_the_hardest_of_them():
    lines = of_many((0.1, 0.0), (0.65, 0.3), (None, None))
    assert lines[0] == (
        "2 of 3 people are forgotten: 2 judges looked at their latent, from the sides or at a truncated "
        "latent. Similarity before and after to heads identity judge: 0.42 on average, at most 0.65 (bea)."
    )
    assert lines[1:3] == [SAME, NEAR]


def test_two_people_of_one_name_are_two():
    people = {"0": of_person({"id": 0.95, "found": {"latent": True}}), "1": of_person()}
    (line, *_) = verdict_together(("1.png", "1.png"), of_person() | {"forgotten": 1, "people": people})
    assert line.startswith("1 of 2 people are forgotten")
    assert line.endswith("at most 0.95 (1.png).")


def test_who_stayed_is_named_with_what_would_help():
    sugar = preset("sugar/heads")
    known = method_of(sugar).advice(sugar)
    lines = of_many((0.81, 0.72), (0.75, 0.1), (0.3, 0.2), advice=known)
    assert lines[0].startswith("1 of 3 people are forgotten")
    assert lines[1] == "Still found: 2 at their latent."
    assert lines[2] == (
        f"NOT forgotten: ada (0.81 to {JUDGE}). Their targets resemble them: "
        "raise config.target.distance or config.surrogates.identity."
    )
    assert lines[3] == (
        f"NOT forgotten: bea (0.75 to {JUDGE}). They did not become their targets: "
        "raise config.steps or lower config.ewc.weight."
    )
    assert lines[4] == SAME
    lines = of_many((0.81, 0.72), (0.75, 0.1), (0.3, 0.2))  # composed adapters, which no training made
    assert lines[2] == f"NOT forgotten: ada (0.81 to {JUDGE}). Their targets resemble them."
    assert lines[3] == f"NOT forgotten: bea (0.75 to {JUDGE}). They did not become their targets."


def test_all_who_are_not_forgotten_are_named_with_what_would_help():
    """Also whoever is found only from the sides, at a truncated latent or in other photos."""
    people = [
        of_person({"id": 0.81, "id_target": 0.72, "found": {"latent": True}}),
        of_person({"id": 0.75, "found": {"latent": True, "wide": True}}),
        of_person({"found": {"wide": True}}, {"found": {"truncated": True}}),
        of_person({"found": {"photos": True}}),
        of_person(),
        nobody_seen(),
    ]
    figures = of_person() | {"forgotten": 1, "people": {str(k): each for k, each in enumerate(people)}}
    guide = preset("guide/many_heads", 6)
    advice = method_of(guide).advice(guide)
    lines = verdict_together(("ada", "bea", "cleo", "dan", "eva", "fay"), figures, advice)
    named = [line for line in lines if line.startswith("NOT forgotten: ")]
    assert named[-1] == (
        "NOT forgotten: cleo (from the sides and at a truncated latent), dan (in other photos). "
        "They are found, but not at their latent: raise config.pairs.lambda_adjacent."
    )
    everybody = re.findall(r"(\w+) \(", " ".join(named))
    assert everybody == ["ada", "bea", "cleo", "dan"]
    guide.pairs.num_adjacent = 0
    assert method_of(guide).advice(guide).elsewhere == "raise config.pairs.num_adjacent"


@pytest.mark.parametrize("name", METHODS)
def test_advice_names_settings_of_the_method(name):
    method = named(name)
    advised = set[str]()
    for declaration in method.declarations().values():
        settings = declared(declaration)
        for kind in settings["target.kind"].choices:
            config = default_config(declaration)
            config.target.kind = kind
            text = " ".join(method.advice(config))
            advised |= (names := set(re.findall(r"config\.([a-z_.]+[a-z])", text)))
            assert names <= set(settings), (kind, text)
    assert {"steps", "target.distance", "target.share"} <= advised
    assert ("surrogates.identity" in advised) == (name == "sugar")


@pytest.mark.parametrize(
    "main",
    [
        {"threshold": None, "found": dict.fromkeys(("latent", "wide", "truncated"))},
        nobody_seen()["judges"][JUDGE],
    ],
    ids=["no threshold", "no face"],
)
def test_the_other_judge_alone_may_find_somebody(main):
    """Their words have the similarity and the target of the judge who finds them."""
    far = {"id": 0.91, "id_target": 0.6, "found": {"latent": True}}
    ada, bea = of_person(main, far), of_person(main, far | {"id": 0.95, "id_target": 0.8})
    assert verdict("ada", ada)[0] == "ada is NOT forgotten: still found at their latent by dlib."
    assert any("0.91 to dlib" in line for line in verdict("ada", ada))
    figures = ada | {"forgotten": 0, "people": {"0": ada, "1": bea}}
    lines = verdict_together(("ada", "bea"), figures)
    assert lines[0].startswith("0 of 2 people are forgotten: 2 judges looked at their latent")
    assert [line[: line.index(")") + 1] for line in lines if line.startswith("NOT")] == [
        "NOT forgotten: bea (0.95 to dlib)",
        "NOT forgotten: ada (0.91 to dlib)",
    ]


def test_each_similarity_has_its_judge_beside_it():
    """The highest to the main judge is not the one by which another judge finds somebody."""
    bea = of_person({"id": 0.55}, {"id": 0.89, "found": {"latent": True}})
    people = {"0": of_person({"id": -0.2}), "1": bea}
    lines = verdict_together(
        ("ada", "bea"), of_person({"id": 0.18, "id_others": 0.3}) | {"forgotten": 1, "people": people}
    )
    assert lines[0].endswith(f"before and after to {JUDGE}: 0.18 on average, at most 0.55 (bea).")
    assert lines[2].startswith("NOT forgotten: bea (0.89 to dlib).")
    assert lines[3] == f"Other photos of them: similarity before and after 0.30 to {JUDGE} on average."


def test_of_very_many_who_stayed_some_are_named():
    lines = of_many(*7 * [(0.9, 0.1)])
    assert lines[2].startswith(f"NOT forgotten: ada (0.90 to {JUDGE}), bea (0.90 to {JUDGE})")
    assert f"eva (0.90 to {JUDGE}) and 2 more. They did not become their targets." in lines[2]


def test_an_effort_that_was_not_measured():
    assert run_cost({"steps": 5}) == "The run took 5 steps."


def test_people_near_by_of_whom_nobody_counts():
    near = {"0.5": {"people": 8, "same": 8, "lost": None, "lost_counts": {"number": 0, "people": 0}}}
    lines = verdict("seed 7", of_person() | {"near": near})
    assert (
        "Of people near the forgotten, 0.5 median radii away, nobody is left: all 8 are so near that a judge "
        "takes them for the forgotten person even before unlearning." in lines
    )
    near["0.5"] |= {"same": 0}
    lines = verdict("seed 7", of_person() | {"near": near})
    assert (
        "Of people near the forgotten, 0.5 median radii away, no judge can say whether anybody is somebody "
        "else afterwards." in lines
    )


def request(perceptual: str, identity: str) -> Request:
    return Request("mine", "0" * 64, ("ada",), perceptual, identity, "the generator's")


@pytest.mark.parametrize(
    ("of_loss", "judge", "said"),
    [
        (("LPIPS VGG", "IR-SE50"), "CurricularFace IR-101", ""),
        (
            ("LPIPS VGG", f"IR-SE50 {RANDOM_WEIGHTS}"),
            f"CurricularFace IR-101 {RANDOM_WEIGHTS}",
            "RANDOM WEIGHTS took the place of IR-SE50 and CurricularFace IR-101, whose files were not found "
            "(see `jaxunlearn models`). This shows time and memory only: generators and figures mean "
            "nothing.",
        ),
        (
            ("LPIPS VGG", "IR-SE50"),
            f"CurricularFace IR-101 {RANDOM_WEIGHTS}",
            "RANDOM WEIGHTS took the place of CurricularFace IR-101, whose files were not found (see "
            "`jaxunlearn models`): this judge's figures mean nothing.",
        ),
    ],
    ids=["all read", "of the loss, too", "a judge"],
)
def test_networks_without_their_files_are_named(of_loss, judge, said, tmp_path):
    figures = {"networks": {"judges": [judge, "dlib"]}}
    assert " ".join(random_weights_of(request(*of_loss), figures)) == said
    folder = RunFolder(tmp_path)
    folder.begin(request(*of_loss), presets.heads(), np.zeros((1, 4, 8), np.float32))
    folder.add_to_summary(figures)
    page = html.unescape(write_run_page(folder).read_text())
    assert (said in page) if said else ("RANDOM WEIGHTS" not in page)
