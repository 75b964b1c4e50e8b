"""How many programs were compiled."""

from typing import Any

from jaxunlearn.models import renderer


def by_renderers() -> int:
    """Return the number of programs with which renderers rendered so far."""
    synthesise: Any = renderer._synthesise
    return synthesise._cache_size()
