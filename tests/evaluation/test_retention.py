"""Who is somebody else afterwards, and who near a forgotten person does not count, by judges of a plane."""

import dataclasses
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxunlearn.evaluation import EvaluationSettings
from jaxunlearn.evaluation.judges import CalibratedJudge
from jaxunlearn.evaluation.retention import compare_near, lost


@dataclasses.dataclass(frozen=True)
class Plane:
    """A judge whose embeddings are unit vectors in a plane, and pictures are their angles."""

    name: str = "plane"
    threshold: float = 0.5

    def embeddings(self, images: np.ndarray, c: jax.Array, batch: int) -> np.ndarray:
        angles = np.pi * images[:, 0, 0, 0]
        return np.stack([np.cos(angles), np.sin(angles)], axis=-1)

    def similarity(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return (a * b).sum(-1).mean(-1)


@dataclasses.dataclass(frozen=True)
class Turning:
    """Renders a latent as its angle: its first number, in degrees, and how far `turned` turns it."""

    turned: Callable[[np.ndarray], np.ndarray]

    def with_generator(self, generator: Any) -> "Turning":
        return Turning(generator)

    def __call__(self, ws: jax.Array, c: jax.Array) -> Any:
        degrees = np.asarray(ws)[:, 0, 0]
        return SimpleNamespace(image=(degrees + self.turned(degrees))[:, None, None, None] / 180)


def judge(name: str = "plane", *, single: float = 0.9) -> CalibratedJudge:
    """A judge for whom two people count as one from 0.5 on, by a single view from `single` on."""
    strangers: Any = {"single": SimpleNamespace(threshold=single)}
    return CalibratedJudge(Plane(name), strangers)  # type: ignore[arg-type]


def test_one_judge_is_enough_to_lose_somebody():
    """From a single view, whose threshold is another than that of several views."""
    judges = [judge("a"), judge("b", single=0.6)]
    alike = {
        "a": np.array([0.95, 0.7, 0.95, np.nan, np.nan]),
        "b": np.array([0.7, 0.7, 0.55, 0.55, np.nan]),
    }
    assert lost(judges, alike) == [False, True, True, True, None]


@pytest.fixture
def reference() -> Any:
    """A source that shows latents below 0 at a quarter of their angle."""
    settings = EvaluationSettings(
        retained_people=4, frechet_samples=4, near_radii=(0.5,), strangers=0, batch=4
    )
    towards = jnp.array([200.0, 200.0, -200.0, -200.0])[:, None, None]
    return SimpleNamespace(
        settings=settings,
        judges=(judge(),),
        judge=judge(),
        renderer=Turning(lambda degrees: np.where(degrees < 0, -0.75 * degrees, 0)),
        median_radius=80.0,
        random=SimpleNamespace(ws=towards, c=jnp.zeros((4, 25))),
    )


def test_whoever_is_taken_for_the_forgotten_person_from_the_start_does_not_count(reference):
    """By one view: 40 degrees make somebody else, whom several views would take for the same person."""
    people = jnp.array([0.0, 60.0])[:, None, None]  # near them: 40, 100, -40 (shown at -10), 20

    def changed(degrees: np.ndarray) -> np.ndarray:
        return np.where(np.abs(degrees) > 30, 60, 0)

    (near,) = compare_near(reference, changed, people).values()  # type: ignore[arg-type]
    assert [person["nearest"] for person in near.people] == [0, 1, 0, 1]
    assert [person["same"] for person in near.people] == [False, False, True, False]
    assert [person["lost"] for person in near.people] == [True, True, True, False]
    assert (near.figures["people"], near.figures["same"]) == (4, 1)
    assert [near.figures[name] for name in ("lost", "others_id")] == pytest.approx([2 / 3, 2 / 3])
