"""Photos of every source become people to be forgotten, a copy of the generator each."""

import numpy as np
import pytest
from PIL import Image

from eg3d_flax import Compute
from jaxunlearn import people
from jaxunlearn.errors import InputError
from jaxunlearn.inversion import Inversion
from tiny_models import CONFIG, tiny_models


@pytest.fixture
def inverted(monkeypatch) -> list[np.ndarray]:
    """What was handed to the inversion, in whose place a zero latent comes back."""
    given = []

    def invert(models, images, *_, **__) -> Inversion:
        given.append(images)
        ws = np.zeros((len(images), CONFIG.num_ws, CONFIG.w_dim), np.float32)
        return Inversion(*(ws if name == "ws" else np.zeros(len(images)) for name in Inversion._fields))

    monkeypatch.setattr(people, "invert_photographs", invert)
    return given


def test_sources_are_read_in_order_and_what_is_refused_is_named(tmp_path, inverted):
    side = CONFIG.img_resolution
    for grey, name in enumerate(["ann/2.png", "ann/1.png", "bob/1.png"]):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("L", (side, side), 50 * grey).save(tmp_path / name)
    (tmp_path / "bob" / "torn.png").write_text("no picture")
    with pytest.warns(UserWarning, match=r"left out: .*torn\.png: not a readable picture"):
        found = people.people_of_images(
            tiny_models(), [str(tmp_path / "bob"), tmp_path / "ann"], compute=Compute()
        )
    assert found.subjects == ("1.png", "1.png", "2.png")
    shades = [round(float(image.mean() + 1) * 127.5) for image in inverted[0]]
    assert shades == [100, 50, 0]
    assert found.name == "1-and-2-more"
    assert found.ws.shape == (3, CONFIG.num_ws, CONFIG.w_dim)


def test_names_of_people_become_names_of_folders(tmp_path, inverted):
    side = CONFIG.img_resolution
    (tmp_path / "Ann B").mkdir()
    Image.new("L", (side, side)).save(tmp_path / "Ann B" / "1.png")
    found = people.people_of_images(tiny_models(), [tmp_path], compute=Compute())
    assert found.subjects == ("Ann B/1.png",)
    assert found.name == "Ann-B-1"


def test_nothing_is_inverted_where_a_source_cannot_be_used(tmp_path, inverted):
    with pytest.raises(InputError, match=r"no\.png: no such file"):
        people.people_of_images(tiny_models(), [tmp_path / "no.png"], compute=Compute())
    assert not inverted
