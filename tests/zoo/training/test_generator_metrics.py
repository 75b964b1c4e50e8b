"""Figures of generated people."""

import numpy as np
import pytest

from jaxunlearn.zoo.metrics.generator_metrics import psnr


def test_psnr_of_a_known_error() -> None:
    error = np.full((1, 4, 4, 3), 0.2)  # of colours in [-1, 1]: a tenth of the range
    assert psnr(error) == pytest.approx([20.0])
    error[0, 0] = 2.0
    weight = np.ones((1, 4, 4))
    weight[0, 0] = 0
    assert psnr(error, weight) == pytest.approx([20.0])
