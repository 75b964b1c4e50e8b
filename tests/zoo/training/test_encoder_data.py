"""What the encoder is trained on: who is in it, on which background, batch by batch."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from jaxunlearn.zoo.synthetic.photographs import HELD_OUT_FIRST, PhotographRequest, photograph_person
from jaxunlearn.zoo.training.encoder_data import before_white, draw, take_albums


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    folder: Path = tmp_path_factory.mktemp("shards")
    return SimpleNamespace(views=2, seed=0, folder=str(folder), workers=1)


def test_those_it_learns_from_and_those_it_is_tested_on_are_disjoint(data: SimpleNamespace) -> None:
    people = {"generator": 2}
    learned, tested = (
        take_albums(people, held_out=which, data=data, resolution=32)["generator"] for which in (False, True)
    )
    assert not np.isin(learned.z, tested.z).any()
    request = PhotographRequest("generator", people=2, views=2, resolution=32, first=HELD_OUT_FIRST)
    np.testing.assert_array_equal(tested.z[1], photograph_person(request, HELD_OUT_FIRST + 1).z[0])


def test_a_batch_has_what_was_asked_for_and_never_depends_on_the_one_before(data: SimpleNamespace) -> None:
    albums = take_albums({"generator": 4, "celeba_like": 2}, held_out=False, data=data, resolution=32)
    counts = {"generator": 3, "celeba_like": 2}
    batch, again, other = (draw(albums, counts, seed=5, number=number) for number in (7, 7, 8))
    assert batch.image.shape == batch.wanted.shape == (5, 32, 32, 3)
    np.testing.assert_array_equal(batch.known, [1, 1, 1, 0, 0])
    np.testing.assert_array_equal(batch.wanted[:3], batch.image[:3])
    assert (batch.wanted[3:] != batch.image[3:]).any()
    np.testing.assert_array_equal(batch.image, again.image)
    assert (batch.image != other.image).any()


def test_backgrounds_become_white_and_heads_stay() -> None:
    request = PhotographRequest("celeba_like", people=1, views=2, resolution=32)
    photographs = photograph_person(request, 3)
    white = before_white(photographs)
    covered, empty = photographs.coverage == 255, photographs.coverage == 0
    np.testing.assert_array_equal(white[covered], photographs.image[covered])
    assert (white[empty] == 255).all()
