"""Shading: what is left out to be fast cannot be seen."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxunlearn.zoo.synthetic import render as module
from jaxunlearn.zoo.synthetic.cameras import look_at
from jaxunlearn.zoo.synthetic.geometry import build_head
from jaxunlearn.zoo.synthetic.paint.mixing import wave
from jaxunlearn.zoo.synthetic.person import LATENT_SIZE, person_from_latent


@settings(deadline=None)  # the first call compiles
@given(st.floats(-1e3, 1e3))
def test_a_wave_is_a_sine(x: float) -> None:
    assert wave(x) == pytest.approx(np.sin(x), abs=2e-6)


@pytest.mark.parametrize("seed", range(4))
def test_a_pixel_that_is_painted_once_looks_the_same(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    head = build_head(person_from_latent(np.random.default_rng(seed).standard_normal(LATENT_SIZE)))
    camera = look_at(0.2, 0.1)
    once = module.render(head, camera, module.PAINTED_ONCE).image
    monkeypatch.setattr(module, "PAINTED_ONCE", 1000)
    each = module.render(head, camera, 128).image
    assert not np.array_equal(once, each)
    assert -10 * np.log10(np.mean((once - each) ** 2)) > 50


def test_small_pictures_paint_every_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = []

    def shade(*arguments: Any) -> np.ndarray:
        blocks.append(arguments[-1])
        return original(*arguments)

    original = module.shade
    monkeypatch.setattr(module, "shade", shade)
    head = build_head(person_from_latent(np.zeros(LATENT_SIZE)))
    for resolution in (64, 128):
        module.render(head, look_at(0.0, 0.0), resolution)
    assert blocks == [1, 2]
