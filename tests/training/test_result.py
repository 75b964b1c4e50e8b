"""A result belongs to the generator that its run started from."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from jaxunlearn.attacks.attack import attack
from jaxunlearn.errors import InputError
from jaxunlearn.evaluation.evaluate import evaluate, measure_reference
from jaxunlearn.evaluation.strength import evaluate_strength
from jaxunlearn.methods.guide import presets
from jaxunlearn.photos.people import People
from jaxunlearn.training.result import Result
from jaxunlearn.training.storage.run_dir import RunFolder
from jaxunlearn.training.unlearn import request_of
from tests.support.tiny_models import tiny_models, tiny_people, tiny_unlearned


def test_models_of_another_generator_measure_and_attack_nothing(tmp_path: Path):
    folder, config = RunFolder(tmp_path / "run"), presets.heads()
    people = People("ada", ("ada",), tiny_people(1))
    folder.begin(request_of(tiny_models(), people, None, (0,), shared=False), config, people.ws)
    result = Result(people, people.ws, (tiny_unlearned(),), {}, folder)
    others = dataclasses.replace(tiny_models(), generator=tiny_unlearned())
    message = "^tiny: is not the generator that .*run started from; give its file with --model$"
    before = sorted(folder.path.iterdir())
    with pytest.raises(InputError, match=message):
        evaluate(others, result, config)
    with pytest.raises(InputError, match=message):
        evaluate_strength(others, result, config, 0.5)
    with pytest.raises(InputError, match=message):
        attack(others, result, config)
    assert sorted(folder.path.iterdir()) == before


def test_people_and_results_are_compared_as_objects():
    """Their arrays have no single answer to `==`."""
    people, others = (People("two", ("ada", "bea"), tiny_people(2)) for _ in range(2))
    first, second = (Result(each, each.ws, (), {}, None) for each in (people, others))
    assert people == people
    assert people != others
    assert first != second
    assert len({people, others, first, second}) == 4


@pytest.mark.parametrize(
    ("others", "message"),
    [
        ({1: tiny_people(2)}, "^other_ws: 1 is the number of nobody in the run; it has 0 to 0$"),
        ({"0": tiny_people(2)}, "^other_ws: '0' is the number of nobody in the run"),
        ({0: tiny_people(1)[0]}, r"^other_ws\[0\] of shape \[\d+, \d+\] do not fit this generator"),
        ({0: tiny_people(2) * np.nan}, r"^other_ws\[0\] contain NaN or infinity$"),
    ],
)
def test_other_photos_that_would_be_left_out_are_refused(others, message):
    people = People("ada", ("ada",), tiny_people(1))
    result = Result(people, people.ws, (tiny_unlearned(),), {}, None)
    with pytest.raises(InputError, match=message):
        evaluate(tiny_models(), result, presets.heads(), other_ws=others)


def test_a_retaining_set_that_does_not_fit_is_refused():
    with pytest.raises(InputError, match=r"^retaining latents of shape \[\d+, \d+\] do not fit"):
        measure_reference(tiny_models(), presets.heads(), retaining=tiny_people(1)[0])
