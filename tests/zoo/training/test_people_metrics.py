"""The measurement of the synthetic people sees what it should see."""

import dataclasses

import numpy as np
import pytest

from jaxunlearn.models.dlib_network import DlibNetwork
from jaxunlearn.zoo.metrics.people_metrics import (
    describe,
    distance_from_the_mean,
    distances_from_camera,
    seen_landmarks,
    tell_apart,
)
from jaxunlearn.zoo.synthetic.cameras import look_at
from jaxunlearn.zoo.synthetic.geometry import build_head
from jaxunlearn.zoo.synthetic.person import Person, person_from_latent, with_shape


@pytest.fixture(scope="module")
def people() -> list[Person]:
    return [person_from_latent(z) for z in np.random.default_rng(6).standard_normal((8, 64))]


def test_distances_of_descriptors_are_euclidean() -> None:
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((20, 1, 5)) + 0.1 * rng.standard_normal((20, 3, 5))
    told = tell_apart(rows)
    first = np.linalg.norm(rows[:, :, None] - rows[:, None], axis=-1)[:, ~np.eye(3, dtype=bool)]
    assert told.same == pytest.approx(first.mean())
    assert told.tar == pytest.approx((first < told.threshold).mean())
    assert told.different > 3 * told.same


def test_strangers_and_twins() -> None:
    rng = np.random.default_rng(0)
    assert tell_apart(rng.standard_normal((60, 1, 16)).repeat(2, 1)).tar == 1
    assert tell_apart(rng.standard_normal((60, 2, 16))).tar < 0.1


@pytest.mark.parametrize("yaw", [-0.4, 0.0, 0.4])
def test_landmarks_lie_on_the_face(people: list[Person], yaw: float) -> None:
    left, right, nose, mouth_left, mouth_right = seen_landmarks(build_head(people[0]), look_at(yaw, 0.0), 128)
    assert 20 < left[0] < right[0] < 108
    assert mouth_left[0] < mouth_right[0]
    assert max(left[1], right[1]) < nose[1] < min(mouth_left[1], mouth_right[1]) < 110
    assert np.sign(nose[0] - (left[0] + right[0]) / 2) == np.sign(-yaw) or yaw == 0


def test_only_the_shape_counts_for_the_distance_from_the_mean(people: list[Person]) -> None:
    distances = distance_from_the_mean(people)
    assert (distances > 1).all()
    assert (distances < 15).all()
    alike = [with_shape(person, people[0]) for person in people]
    np.testing.assert_allclose(distance_from_the_mean(alike), 0, atol=1e-3)
    name = max(people[0].shape, key=lambda axis: abs(people[0].shape[axis]))
    odd = dataclasses.replace(people[0], shape=people[0].shape | {name: 6.0})
    assert distance_from_the_mean([odd, *people[1:]]).argmax() == 0


def test_the_network_tells_people_apart_by_their_shape(people: list[Person]) -> None:
    network = DlibNetwork.load()
    told, alike = (
        tell_apart(describe(network, group, views=2, resolution=64))
        for group in (people, [with_shape(person, people[0]) for person in people])
    )
    assert told.different > 1.5 * told.same
    assert alike.different < told.different


def test_visible_points_lie_within_the_rays() -> None:
    distances = distances_from_camera(2, views=2, resolution=32)
    assert (np.diff(distances) >= 0).all()
    assert 2.2 < distances[0] < distances[-1] < 3.2
