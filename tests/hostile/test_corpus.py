"""Broken and hostile inputs of every kind: one line, exit code 2, soon, in little memory; no code is run."""

import collections
from collections.abc import Iterator

import pytest

from tests.support.hostile import CASES, Case
from tests.support.hostile.judge import Judge


@pytest.fixture(scope="module")
def judge(tmp_path_factory) -> Iterator[Judge]:
    made = Judge(tmp_path_factory.mktemp("hostile"))
    yield made
    made.close()


def test_every_case_is_another():
    assert max(collections.Counter(case.name for case in CASES).values()) == 1
    assert len(CASES) >= 150


def _parameter(case: Case):
    """Cases whose command loads networks first are slow together."""
    loads = case.arguments[0] in ("unlearn", "evaluate") or case.name.startswith("run: ")
    quick = "--sequence" in case.arguments and "registry" not in case.name
    return pytest.param(case, id=case.name, marks=[pytest.mark.slow] if loads and not quick else [])


@pytest.mark.parametrize("case", [_parameter(case) for case in CASES])
def test_is_refused_in_one_line(judge: Judge, case: Case):
    problem = judge.problem(case)
    assert problem is None, problem
