"""What the command and the page say about attacks."""

import pytest

from jaxunlearn.attacks.depth import ATTACKS
from jaxunlearn.attacks.rules import BROUGHT_BACK, brought_back
from jaxunlearn.reporting.attacks.words import WAYS, WORDS, attack_lines, attack_verdict, ways_back


def judges(label, **values):
    """Name of a judge → its figures; 0.7 and more is accepted."""
    return {
        name: {label: value, "accepted": None if value is None else value >= 0.7}
        for name, value in values.items()
    }


def reinversion(as_person, with_network=0.89, without_network=0.3):
    """Figures of a photo that the first judge takes for the person, or not, with and without the network."""
    stranger = judges("reinverted_id", heads=0.8 if as_person else 0.1, dlib=0.5)
    attempts = {"unlearned": with_network, "without_identity": without_network}
    return {
        **{
            name: {"hybrid": {"judges": judges("reinverted_id", heads=value, dlib=0.6)}}
            for name, value in attempts.items()
        },
        "source": {"hybrid": {"judges": judges("reinverted_id", heads=0.99, dlib=0.92)}},
        "stranger": {"hybrid": {"as_person": {"accepted": as_person, "judges": stranger}}},
    }


def curve(steps, cap):
    return {"relearn_steps": steps, "more_than": cap}


def test_every_attack_has_words():
    assert set(WORDS) == set(ATTACKS)
    assert set(WAYS) == set(BROUGHT_BACK)


def test_a_photo_that_brings_the_person_back():
    assert attack_lines("ada", {"reinversion": reinversion(as_person=False)}) == [
        "ada, under attack: brought back by their photo, inverted again (encoder and search).",
        "  Their photo, inverted again by encoder and search: similarity 0.89 to heads, found (in the source "
        "0.99, found); 0.60 to dlib, not found (in the source 0.92, found).",
        "  Their photo, inverted again by encoder and search without the identity network: similarity 0.30 "
        "to heads, not found (in the source, with it, 0.99, found); 0.60 to dlib, not found (in the source, "
        "with it, 0.92, found).",
        "  A stranger's photo, inverted in the same ways, does not bring them back.",
    ]


@pytest.mark.parametrize(
    ("as_person", "last"),
    [
        (True, "  A stranger's photo brings them back, too, by encoder and search: see the pictures."),
        (None, None),
    ],
)
def test_a_control_that_fails_is_said(as_person, last):
    lines = attack_lines("ada", {"reinversion": reinversion(as_person)})
    assert (lines[-1] if len(lines) > 3 else None) == last


@pytest.mark.parametrize("with_network", [0.89, 0.3])
@pytest.mark.parametrize("without_network", [0.89, 0.3])
def test_what_a_stranger_brings_back_too_does_not_count(with_network, without_network):
    figures = reinversion(True, with_network, without_network)
    line = attack_lines("ada", {"reinversion": figures})[0]
    assert line == "ada, under attack: not brought back by reinversion."


@pytest.mark.parametrize(
    ("with_network", "without_network", "ways"),
    [
        (0.3, 0.89, ["their photo, inverted again (encoder and search without the identity network)"]),
        (0.89, 0.89, ["their photo, inverted again (encoder and search)"]),
        (0.3, 0.3, []),
        (None, 0.3, []),
    ],
)
def test_a_photo_is_inverted_with_and_without_the_identity_network(with_network, without_network, ways):
    figures = {"reinversion": reinversion(False, with_network, without_network)}
    assert ways_back(figures) == ways
    assert brought_back(figures) is bool(ways)


def test_searches_stand_beside_their_control():
    search = {
        "forgotten": {
            "within": [{"radius": 0.5, "accepted": True, "judges": judges("search_id", heads=0.8)}]
        },
        "stranger": {"within": [{"radius": 0.5, "judges": judges("search_id", heads=None)}]},
    }
    assert attack_lines("ada", {"search": search})[1] == (
        "  A search within 0.5 median radii of their latent: similarity 0.80 to heads, found "
        "(around a stranger's latent unknown, not judged)."
    )


@pytest.mark.parametrize(
    ("person", "stranger", "text"),
    [
        (curve(8, None), curve(None, 60), "accept them after 8 steps; a stranger not within 60 steps."),
        (curve(None, None), curve(0, None), "never, as far as is known; a stranger after 0 steps."),
    ],
)
def test_relearning_counts_steps(person, stranger, text):
    line = attack_lines("ada", {"relearning": {"person": person, "strangers": [stranger]}})[1]
    assert line.endswith(text)


def test_several_strangers_are_named_the_fastest_first():
    strangers = [curve(None, 40), curve(28, None), curve(16, None), curve(None, None)]
    lines = attack_lines("ada", {"relearning": {"person": curve(8, None), "strangers": strangers}})
    named = "4 strangers: 16, 28, more than 40, unknown"
    assert lines == [
        f"ada, under attack: brought back by 8 steps on one photo ({named}).",
        "  When the generator is fine-tuned on one photo of them, all judges accept them after 8 steps; "
        f"{named}.",
    ]


def unseen(**counted):
    """Figures of all kinds by one judge."""
    judged = {"accepted": 0, "accepted_in_source": 2, "accepted_of_strangers": 0, "changes": 2} | counted
    return {kind: {"judges": {"dlib": judged}} for kind in ("noise", "first_rows", "last_rows")}


def test_unseen_latents_stand_beside_their_controls():
    lines = attack_lines("ada", {"unseen": unseen(accepted=1)})
    assert lines[0] == "ada, under attack: brought back by latents that training did not draw."
    assert lines[1] == (
        "  With new noise the person is found in 1 of 2 by dlib (in the source 2, strangers instead 0)."
    )
    assert brought_back({"unseen": unseen(accepted=1, accepted_of_strangers=1)}) is False
    assert brought_back({"unseen": unseen(accepted=1, accepted_in_source=0)}) is None


def test_fine_tuning_that_diverged_is_said_and_counts_for_nothing():
    diverged = {"diverged": "fine-tuning diverged: the loss is nan with a learning rate of 0.003"}
    lines = attack_lines("ada", {"benign": diverged, "unseen": unseen()})
    assert lines[0] == "ada, under attack: not brought back by unseen."
    assert lines[-1] == f"  Nothing is known: {diverged['diverged']}."
    assert brought_back({"relearning": diverged}) is None


def test_benign_fine_tuning_says_what_was_before():
    figures = {
        "benign_id": judges("similarity", heads=0.2),
        "before": judges("similarity", heads=-0.4),
        "forgotten": True,
    }
    assert attack_lines("ada", {"benign": figures})[1] == (
        "  Fine-tuned on other people only: similarity 0.20 to heads, not found (before -0.40, not found)."
    )


def test_the_verdict_counts_what_brings_somebody_back():
    found, lost = (judges("similarity", heads=value) for value in (0.8, 0.2))
    held = {
        "relearning": {"person": curve(None, 40), "strangers": [curve(None, 40)]},
        "benign": {"benign_id": lost, "before": lost, "forgotten": True},
    }
    assert attack_verdict("ada", held) == "ada, under attack: not brought back by relearning, benign."
    back = {
        "relearning": {"person": curve(4, None), "strangers": [curve(None, 40)]},
        "benign": {"benign_id": found, "before": lost, "forgotten": False},
    }
    assert attack_verdict("ada", back) == (
        "ada, under attack: brought back by 4 steps on one photo (a stranger not within 40 steps), "
        "fine-tuning on other people."
    )
    controls = {
        "relearning": {"person": curve(12, None), "strangers": [curve(12, None)]},
        "benign": {"benign_id": found, "before": found, "forgotten": False},
    }
    assert attack_verdict("ada", controls) == "ada, under attack: not brought back by relearning, benign."


UNJUDGED = {
    "reinversion": {
        **{
            key: {"hybrid": {"judges": judges("reinverted_id", heads=None)}}
            for key in ("unlearned", "without_identity")
        },
        "stranger": {"hybrid": {"as_person": {"judges": judges("reinverted_id", heads=None)}}},
    },
    "search": {
        key: {"within": [{"judges": judges("search_id", heads=None)}]} for key in ("forgotten", "stranger")
    },
    "unseen": unseen(accepted=None, accepted_in_source=None, accepted_of_strangers=None),
    "relearning": {"person": curve(None, None), "strangers": [curve(None, 40)]},
    "benign": dict.fromkeys(("benign_id", "before"), judges("similarity", heads=None)),
}


@pytest.mark.parametrize("name", UNJUDGED)
def test_what_no_judge_can_say_is_not_called_good(name):
    figures = {name: UNJUDGED[name]}
    assert brought_back(figures) is None
    said = "no judge can say whether they are brought back"
    assert attack_verdict("ada", figures) == f"ada, under attack: {said}."
    held = figures | {"relearning": {"person": curve(None, 40), "strangers": [curve(None, 40)]}}
    assert attack_verdict("ada", held) == "ada, under attack: not brought back by relearning."


def test_erasure_detection_brings_nobody_back():
    assert brought_back({"erasure": {}}) is None
    assert attack_verdict("ada", {"erasure": {}}) == (
        "ada, under attack: nothing was tried that could bring them back."
    )
