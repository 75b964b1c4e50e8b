"""Who is asked about, what is there to choose from, and which participant gets what."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxunlearn.errors import InputError
from jaxunlearn.reporting.study import StudySettings
from jaxunlearn.reporting.study.cast import Cast
from jaxunlearn.reporting.study.drawing import choice_shots, given_shots
from jaxunlearn.reporting.study.questions import Question, RunPeople, deal, plan_questions


def planned(
    seed: int, people: int, copies: int, choices: int, most: int
) -> tuple[list[Question], list[list[int]]]:
    """Return questions and parts of a run with one generator, and of one with copies."""
    random = np.random.default_rng(seed)
    cast = Cast(random, {1, 2, None})
    first = [cast.add(f"p{k}", k, np.full((1, 2), k, np.float32)) for k in range(people)]
    second = [cast.add(f"c{k}", None, np.full((1, 2), 100 + k, np.float32)) for k in range(copies)]
    runs = [
        RunPeople([(person, 0) for person in first], {0: first}),
        RunPeople(list(zip(second, range(copies), strict=True)), {k: [p] for k, p in enumerate(second)}),
    ]
    others = cast.draw(max(people, copies))
    questions = plan_questions(runs, [others[:people], others[:copies]], first, choices, cast, random)
    return questions, deal(questions, most, random)


PLANS = st.tuples(
    st.integers(0, 2**32 - 1), st.integers(1, 9), st.integers(1, 4), st.integers(2, 9), st.integers(1, 50)
)


@given(PLANS)
def test_a_question_has_one_right_picture_and_never_from_a_given_view(plan):
    questions, _ = planned(*plan)
    for question in questions:
        assert len(set(question.choices)) == len(question.choices) == plan[3]
        assert question.choices[question.right - 1] == question.person
        yaws = {shot.yaw for shot in given_shots(question, 2)}
        assert len(yaws) == 2
        for shot in choice_shots(question):
            assert shot.yaw == question.yaw
            assert min(abs(shot.yaw - yaw) for yaw in yaws) >= 15


@given(PLANS)
def test_dealing_gives_every_question_once_in_equal_parts_and_the_same_again(plan):
    questions, parts = planned(*plan)
    assert sorted(k for part in parts for k in part) == list(range(len(questions)))
    assert max(map(len, parts)) <= plan[4]
    assert len(parts) == -(-len(questions) // plan[4])
    assert planned(*plan) == (questions, parts)


def test_kinds_are_mixed_and_nobody_is_asked_about_twice_in_a_part():
    questions, parts = planned(0, 9, 4, 5, 14)
    assert len(parts) == 3
    for part in parts:
        assert set(Counter(questions[k].person for k in part).values()) == {1}
        assert Counter(questions[k].kind for k in part) == pytest.approx(
            {"forgotten": 4, "retained": 4, "control": 3}, abs=1
        )


def test_a_control_comes_after_the_question_about_the_forgotten_person():
    for seed in range(20):
        questions, (part,) = planned(seed, 3, 1, 3, 50)
        for person in range(3):
            kinds = [questions[k].kind for k in part if questions[k].person == person]
            assert kinds == ["forgotten", "control"]


def test_others_are_of_the_same_kind_where_there_are_enough():
    questions, _ = planned(0, 6, 2, 5, 50)
    for question in questions:
        others = set(question.choices) - {question.person}
        if question.kind == "retained":
            assert question.strangers == (question.place is not None and question.place.run == 1)
        elif question.place is None or question.place.run == 0:
            assert not question.strangers
            assert others < set(range(6))
        else:
            assert question.strangers
            assert min(others) >= 8  # nobody who was forgotten


def test_seeds_of_forgotten_people_are_never_drawn():
    class Few:
        def integers(self, most: int) -> int:
            return next(draws)

    draws = iter([4, 7, 7, 4, 9])
    cast = Cast(Few(), {4})  # type: ignore[arg-type]
    cast.draw(2)
    assert cast.seeds == [7, 9]


def test_the_same_latents_are_one_person():
    cast = Cast(np.random.default_rng(0), ())
    numbers = [cast.add(name, None, np.ones((2, 3), np.float32)) for name in ("ada", "bea")]
    assert numbers == [0, 0]
    assert cast.names == ["ada"]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"choices": 1}, "choices must be a whole number of at least 2, not 1"),
        ({"choices": 10}, "choices must be at most 9, not 10"),
        ({"given": 3}, "given must be at most 2, not 3"),
        ({"people": 0}, "people must be a whole number of at least 1, not 0"),
        ({"seed": 2**32}, "seed must be at most 4294967295, not 4294967296"),
    ],
)
def test_settings_that_make_no_study_are_refused(setting, message):
    with pytest.raises(InputError, match=f"^{message}$"):
        StudySettings(**setting)
