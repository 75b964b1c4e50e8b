"""Attackers draw nothing that an evaluation of the same seed draws, since these are the controls."""

from pathlib import Path

import jax
import numpy as np
import pytest

from jaxunlearn.attacks import draws
from jaxunlearn.attacks.draws import key_of, random_latents
from jaxunlearn.evaluation import EvaluationSettings
from jaxunlearn.methods import pairs
from tests.support.tiny_models import tiny_models

ATTACKS = Path(draws.__file__).parent
NUMBERS = [
    value for name, value in vars(draws).items() if name.isupper() and isinstance(value, int) and value > 99
]


def test_all_keys_of_one_seed_differ():
    root = jax.random.key(5)
    small = list(jax.random.split(root, 100))  # of the evaluation, and of steps
    numbers = [pairs.LATER, pairs.EPOCHS, pairs.MAPPER, pairs.FISHER]
    keys = [root, *small, *(jax.random.fold_in(root, number) for number in numbers)]
    keys += [key_of(5, number) for number in NUMBERS]
    assert len(NUMBERS) == 7
    assert len({tuple(jax.random.key_data(key).tolist()) for key in keys}) == len(keys) == 1 + 100 + 4 + 7


def test_attackers_have_no_other_keys():
    texts = {path.relative_to(ATTACKS): path.read_text() for path in ATTACKS.rglob("*.py")}
    assert [str(path) for path, text in texts.items() if "jax.random.key(" in text] == ["draws.py"]


@pytest.mark.must
def test_nobody_whom_the_evaluation_drew_is_drawn_again():
    generator, settings = (
        tiny_models().generator,
        EvaluationSettings(frechet_samples=8, retained_people=2, strangers=8),
    )
    people = np.concatenate(
        [
            settings.random_people(generator).ws,
            settings.random_people(generator, apart=True).ws,
            settings.random_strangers(generator),
        ]
    )
    for number in NUMBERS:
        drawn = np.asarray(random_latents(generator, key_of(settings.seed, number), 8))
        assert np.abs(drawn[:, None] - people[None]).max(axis=(2, 3)).min() > 0.01
