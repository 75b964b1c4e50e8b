"""Photographs that arrive while a network trains."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

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


def test_an_interruption_while_people_are_missing_ends_the_process() -> None:
    """Python waits for the threads that draw batches; they must not wait for people any more."""
    program = """
import threading, sys
from jaxunlearn.zoo.synthetic.photographs import PhotographRequest
from jaxunlearn.zoo.training.arrivals import Arrivals
from jaxunlearn.zoo.training.generator_data import drawn_ahead

arrivals = Arrivals(PhotographRequest("generator", 3, 2, 16), iter(threading.Event().wait, None))
with drawn_ahead(arrivals.wait_for, 2) as batch_of:
    try:
        batch_of(0)
        sys.exit(75)
    finally:
        arrivals.close()
"""
    assert subprocess.run([sys.executable, "-c", program], timeout=60, check=False).returncode == 75


def test_closing_ends_the_waiting_and_the_photographing(taken: Photographs) -> None:
    asked, gone, closed = threading.Event(), threading.Event(), threading.Event()

    def endless() -> Iterator[Photographs]:
        try:
            for person in one_by_one(taken):
                asked.set()
                assert closed.wait(timeout=60)
                yield person
        finally:
            gone.set()

    arrivals = Arrivals(REQUEST, endless())
    with ThreadPoolExecutor(1) as executor:
        waiting = executor.submit(arrivals.wait_for, 3)
        assert asked.wait(timeout=60)
        arrivals.close()
        with pytest.raises(RuntimeError, match="could not be taken") as caught:
            waiting.result(timeout=60)
    assert "no longer wanted" in str(caught.value.__cause__)
    closed.set()
    assert gone.wait(timeout=60)
    assert arrivals.arrived < 3


def test_too_few_people_are_a_failure(taken: Photographs) -> None:
    arrivals = Arrivals(REQUEST, iter([next(one_by_one(taken))]))
    with pytest.raises(RuntimeError, match="could not be taken") as caught:
        arrivals.wait_for(3)
    assert "1 of 3 people were photographed" in str(caught.value.__cause__)
