"""The bundled generator with fewer rays, for tests that render much: unoptimised programs are slow."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from eg3d_flax import TriPlaneGenerator
from jaxunlearn.models import loading
from jaxunlearn.models.generator import load_generator

RAYS = 32
"""Rays along each side; the bundled generator has 64."""


def with_few_rays(rays: int = RAYS) -> TriPlaneGenerator:
    """Load the bundled generator; its pictures keep their size and lose sharpness."""
    generator = load_generator("heads")
    assert isinstance(generator, TriPlaneGenerator)
    generator.config = dataclasses.replace(generator.config, neural_rendering_resolution=rays)
    return generator


@contextmanager
def loaded_with_few_rays(rays: int = RAYS) -> Iterator[None]:
    """Let `load_models` return the bundled generator with fewer rays."""

    def load(name: Any) -> Any:
        return with_few_rays(rays) if name == "heads" else load_generator(name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loading, "load_generator", load)
        yield
