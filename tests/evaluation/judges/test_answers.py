"""Sums of what judges answered."""

import pytest

from jaxunlearn.evaluation.judges.answers import count_true


@pytest.mark.parametrize(
    ("answers", "count"),
    [([True, None, True, False], 2), ([False, None], 0), ([None, None], None), ([], None)],
)
def test_answers_that_are_unknown_do_not_count(answers, count):
    assert count_true(answers) == count
