"""The formula behind every golden gives the numbers of its README; tests that use goldens are marked."""

import re
from pathlib import Path

import numpy as np
import pytest

from tests.support.golden import draw_normal, draw_uniform


def test_formula_reproduces_the_published_draws():
    np.testing.assert_allclose(
        draw_normal("selftest", (2, 3), 1).ravel(),
        [-1.2255244, 0.9006891, 0.6808524, 0.2538011, 2.4844499, 0.6955081],
        rtol=1e-6,
    )
    np.testing.assert_allclose(
        draw_uniform("selftest", (2, 3), 1).ravel(),
        [0.5633342, 0.8749068, 0.2013351, 0.1169913, 0.5956873, 0.7130833],
        rtol=1e-6,
    )


LOADERS = re.compile(r"from tests\.support\.\w+ import .*\b(\w*golden|guide_case)\b")


TESTS = sorted(Path(__file__).parent.rglob("test_*.py"))


@pytest.mark.parametrize("path", [path for path in TESTS if LOADERS.search(path.read_text())])
def test_tests_that_read_goldens_are_marked(path: Path):
    assert "mark.parity" in path.read_text()
