"""Photographs that arrive while a network trains."""

import threading
from collections.abc import Iterator

import numpy as np
import pytest

from jaxunlearn.zoo.synthetic.photographs import PhotographRequest, Photographs, photograph
from jaxunlearn.zoo.training.arrivals import Arrivals, Schedule

REQUEST = PhotographRequest("generator", people=3, views=2, resolution=16)


@pytest.fixture(scope="module")
def taken() -> Photographs:
    return photograph(REQUEST, progress=False)


def one_by_one(photographs: Photographs) -> Iterator[Photographs]:
    for i in range(len(photographs.z)):
        names = ("z", "image", "coverage", "depth", "camera", "pose")
        yield Photographs(*(getattr(photographs, name)[i : i + 1] for name in names))


def test_who_is_there_follows_from_the_number_of_the_step() -> None:
    schedule = Schedule(people=10, first=4, per_step=0.5)
    assert [schedule.available(n) for n in (0, 1, 2, 5, 12, 999)] == [4, 4, 5, 6, 10, 10]
    assert Schedule(people=10, first=0, per_step=0.5).available(0) == 10


def test_those_who_are_there_can_be_read_before_the_others(taken: Photographs) -> None:
    second_is_asked_for = threading.Event()

    def slowly() -> Iterator[Photographs]:
        for i, person in enumerate(one_by_one(taken)):
            if i == 1:
                assert second_is_asked_for.wait(timeout=60)
            yield person

    arrivals = Arrivals(REQUEST, slowly())
    arrivals.wait_for(1)
    np.testing.assert_array_equal(arrivals.photographs.image[0], taken.image[0])
    second_is_asked_for.set()
    arrivals.wait_for(3)
    for name in ("z", "image", "coverage", "depth", "camera", "pose"):
        np.testing.assert_array_equal(getattr(arrivals.photographs, name), getattr(taken, name))


def test_a_failure_ends_the_waiting(taken: Photographs) -> None:
    def failing() -> Iterator[Photographs]:
        yield next(one_by_one(taken))
        raise OSError("no space left")

    arrivals = Arrivals(REQUEST, failing())
    arrivals.wait_for(1)
    with pytest.raises(RuntimeError, match="the photographs could not be taken") as caught:
        arrivals.wait_for(2)
    assert isinstance(caught.value.__cause__, OSError)


def test_too_few_people_are_a_failure(taken: Photographs) -> None:
    arrivals = Arrivals(REQUEST, iter([next(one_by_one(taken))]))
    with pytest.raises(RuntimeError, match="could not be taken") as caught:
        arrivals.wait_for(3)
    assert "1 of 3 people were photographed" in str(caught.value.__cause__)
