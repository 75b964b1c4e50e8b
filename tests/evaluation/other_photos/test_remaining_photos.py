"""`--identities`: the photos of the forgotten people that unlearning did not use."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from jaxunlearn.errors import InputError
from jaxunlearn.evaluation.other_photos import remaining_photos
from jaxunlearn.evaluation.other_photos.remaining_photos import invert_remaining, remaining
from jaxunlearn.images import save_png, to_float
from jaxunlearn.photos.sources import Photograph
from tests.support.tiny_models import CONFIG, tiny_models


def photo(name: str, digest: str | None = None) -> Photograph:
    pixel = np.zeros((1, 1, 3), np.float32)
    return Photograph(name.split("/")[0], name, pixel, Path("photos") / name, sha256=digest)


PHOTOS = [photo(name) for name in ("ada/1.png", "bob/4.png", "ada/2.png", "ada/3.png", "bob/5.png")]


def names(
    subjects: list[str], digests: Sequence[str | None] = (), photos: Sequence[Photograph] = PHOTOS
) -> dict[int, list[str]]:
    left = remaining(photos, subjects, digests, "people")
    return {k: [each.name for each in theirs] for k, theirs in left.items()}


def test_the_first_photo_of_a_person_was_forgotten():
    assert names(["bob", "ada"]) == {0: ["bob/5.png"], 1: ["ada/2.png", "ada/3.png"]}


def test_a_photo_was_forgotten_by_its_own_name():
    """Also by its file's name alone; a photo that another person of the run is, is not another photo."""
    assert names(["ada/2.png"]) == {0: ["ada/1.png", "ada/3.png"]}
    assert names(["2.png"]) == {0: ["ada/1.png", "ada/3.png"]}
    assert names(["ada/1.png", "ada/2.png", "bob"]) == {0: ["ada/3.png"], 1: ["ada/3.png"], 2: ["bob/5.png"]}


WITH_DIGESTS = [
    photo(name, digest) for name, digest in (("1/1.png", "a"), ("1/2.png", "b"), ("2/1.png", "c"))
] + [photo("2/3.png"), photo("2/copy.png", "c")]


def test_a_photo_was_forgotten_by_its_file_whatever_its_name():
    """Where several have its name, another person is called so, or it has none; copies are not others."""
    assert names(["1.png"], ["c"], WITH_DIGESTS) == {0: ["2/3.png"]}
    assert names(["1"], ["c"], WITH_DIGESTS) == {0: ["2/3.png"]}
    assert names(["1", "9.npz"], ["b", "c"], WITH_DIGESTS) == {0: ["1/1.png"], 1: ["2/3.png"]}
    assert names(["3.png"], ["of another file"], WITH_DIGESTS) == {0: ["2/1.png", "2/copy.png"]}
    with pytest.raises(InputError, match=r"people: no usable photo in it is the one .* of 1\.png; give the"):
        names(["1.png"], ["of another file"], WITH_DIGESTS)


def test_several_photos_that_may_be_meant_are_refused():
    with pytest.raises(InputError, match=r"people: several photos are called 1\.png; give a source with one"):
        names(["1.png"], [None], WITH_DIGESTS)
    twice = [*WITH_DIGESTS, photo("3/x.png", "c"), photo("3/y.png")]
    with pytest.raises(InputError, match=r"people: several people have the photo of p\.png; give"):
        names(["p.png"], ["c"], twice)
    assert names(["x.png"], ["c"], twice) == {0: ["3/y.png"]}


def test_somebody_without_another_photo_is_named():
    with pytest.warns(UserWarning, match=r"people: eve has no other photo"):
        left = remaining([*PHOTOS, photo("eve")], ["eve", "bob"], (), "people")
    assert list(left) == [1]


def test_unknown_people_are_refused_in_one_line():
    with pytest.raises(InputError, match=r"people: no .* was forgotten of x, y, z and 1 more; give") as e:
        remaining(PHOTOS, ["x", "y", "ada", "z", "v"], (), "people")
    assert "\n" not in str(e.value)


@pytest.mark.filterwarnings("ignore:.* has no other photo")
def test_nobody_with_another_photo_is_refused():
    with pytest.raises(InputError, match="nobody who was forgotten has another photo"):
        remaining(PHOTOS[:2], ["ada", "bob"], (), "people")


def test_an_encoder_without_effect_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"encoder no\.pt: the method optimize uses no encoder"):
        invert_remaining(tiny_models(), ["ada"], tmp_path, method="optimize", encoder="no.pt")


@pytest.mark.filterwarnings("ignore:.* has no other photo")
def test_remaining_photos_of_a_table_are_inverted(tmp_path, monkeypatch):
    """Each with the person that it is of; an unusable photo is left to the inversion to name."""
    side, people = CONFIG.img_resolution, ("ada", "bob", "cy", "bob", "cy", "bob")
    pixels = np.random.default_rng(0).integers(0, 256, (6, side, side, 3), np.uint8)
    rows = ["image,identity", "missing.png,bob"]
    for k, (image, who) in enumerate(zip(pixels, people, strict=True)):
        save_png(tmp_path / f"{k}.png", image)
        rows.append(f"{k}.png,{who}")
    (tmp_path / "people.csv").write_text("\n".join(rows))
    given = []

    def invert(models, photos, **options):
        given.append((photos, options["method"]))
        images = np.stack([photo.image for photo in photos.photographs])
        return Inverted(images[:, :1, :, 0])

    monkeypatch.setattr(remaining_photos, "invert", invert)
    others = invert_remaining(
        tiny_models(), ["cy", "ada", "bob"], tmp_path / "people.csv", method="optimize", progress=False
    )
    for k, files in ((0, [4]), (2, [3, 5])):
        np.testing.assert_allclose(others[k].ws, to_float(pixels[files, :1, :, 0]))
        images = others[k].images
        assert images is not None
        np.testing.assert_allclose(images, to_float(pixels[files]), atol=1e-6)
    assert set(others) == {0, 2}
    [(photos, method)] = given
    assert method == "optimize"
    assert [refused.name for refused in photos.refused] == ["missing.png"]


@dataclasses.dataclass(frozen=True)
class Inverted:
    """The only part of an inversion that is used."""

    ws: np.ndarray
