"""EG3D's crop: where it lies follows the landmarks, and its pixels are those of EG3D's own script."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

import mtcnn_flax
from jaxunlearn.photos.alignment.crop import (
    CROP_SIZE,
    STANDARD_FACE,
    NoSquare,
    Square,
    crop,
    crop_square,
    five_points,
    is_mirrored,
    rotation,
    sharpness,
    tilt,
)
from mtcnn_flax.detection import DetectionSettings
from tests.support.external import external_file
from tests.support.photos import ASTRONAUT, astronaut

angles = st.floats(-np.pi, np.pi)
lengths = st.floats(0.2, 50)
places = st.tuples(st.floats(-900, 900), st.floats(-900, 900))


def seen(yaw: float, pitch: float, scale: float, place: tuple[float, float]) -> np.ndarray:
    """The standard face in a picture, turned in space, from far away."""
    turn_y = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    turn_x = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    return scale * (STANDARD_FACE @ (turn_x @ turn_y).T)[:, :2] * [1, -1] + place


@given(yaw=st.floats(-0.6, 0.6), pitch=st.floats(-0.4, 0.4), scale=lengths, place=places)
def test_the_square_of_a_face_turned_in_space_stays_where_it_is(yaw, pitch, scale, place):
    """The fit in space recovers the place and the scale, whichever way the face looks."""
    square = crop_square(seen(yaw, pitch, scale, place), upright=False)
    np.testing.assert_allclose(square.centre, place, atol=1e-6 * scale)
    assert square.side == pytest.approx(scale * 700 / 300, rel=1e-6)


@given(scale=lengths, angle=angles, place=places)
def test_the_square_moves_with_the_landmarks(scale, angle, place):
    """Shifted, scaled and turned landmarks give the shifted, scaled and turned square."""
    before, turn = crop_square(ASTRONAUT), scale * rotation(angle)
    after = crop_square(ASTRONAUT @ turn.T + place)
    np.testing.assert_allclose(after.corners, before.corners @ turn.T + place, atol=1e-6 * scale * 512)
    inside = after.inside(ASTRONAUT @ turn.T + place)
    np.testing.assert_allclose(inside, before.inside(ASTRONAUT), atol=1e-6 * CROP_SIZE)


@given(yaw=st.floats(-1.6, 1.6), pitch=st.floats(-0.4, 0.4), angle=angles, scale=lengths, place=places)
def test_a_mirrored_face_is_known_but_from_the_side(yaw, pitch, angle, scale, place):
    face = seen(yaw, pitch, scale, place) @ rotation(angle).T
    assert not is_mirrored(face)
    if abs(yaw) < 1.2:
        assert is_mirrored(face * [-1, 1])


@given(angle=st.floats(-1.5, 1.5))
def test_an_upright_face_is_not_turned_and_a_turned_one_is_known(angle):
    face = seen(0, 0, 100, (200, 200))
    face = (face + face[[1, 0, 2, 4, 3]] * [-1, 1] + [400, 0]) / 2  # its own mirror image
    assert tilt(face) == pytest.approx(0, abs=1e-9)
    assert tilt(face @ rotation(angle).T) == pytest.approx(angle)


def test_corners_of_a_square_are_corners_of_the_crop():
    square = crop_square(ASTRONAUT)
    expected = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * CROP_SIZE
    np.testing.assert_allclose(square.inside(square.corners), expected, atol=1e-9)


def test_five_of_68_points():
    points = np.arange(136.0).reshape(68, 2)
    eyes = [points[[36, 39]].mean(axis=0), points[[42, 45]].mean(axis=0)]
    np.testing.assert_array_equal(five_points(points), [*eyes, points[30], points[48], points[54]])
    with pytest.raises(NoSquare, match="5 or 68 points"):
        five_points(points[:6])


@pytest.mark.parametrize("points", [np.zeros((5, 2)), np.full((5, 2), np.nan), np.ones((5, 2)) * 1e300])
def test_landmarks_of_no_face(points):
    with pytest.raises(NoSquare):
        crop_square(points)


def test_the_pixels_are_those_of_the_official_script():
    """Its steps: enlarge the whole photo bicubically, cut 1024, keep the middle 700, Lanczos to 512."""
    photo = astronaut()
    square = Square((225.0, 116.0), 175.0, 0.0)  # where the script, too, cuts at whole pixels
    large = photo.resize((2048, 2048), Image.Resampling.BICUBIC)
    official = large.crop((550, 114, 1250, 814)).resize((512, 512), Image.Resampling.LANCZOS)
    ours = crop(photo, square, border="black")
    difference = np.abs(np.asarray(ours, float) - np.asarray(official, float))
    assert difference.mean() < 0.5
    assert np.percentile(difference, 99) < 4


@settings(max_examples=15, deadline=None)
@given(shift=st.tuples(st.integers(-60, 60), st.integers(-40, 60)), angle=st.floats(-0.5, 0.5))
def test_the_crop_does_not_depend_on_where_the_face_is(shift, angle):
    """Of a smooth photo shifted and turned, the crop at the shifted and turned landmarks is the same."""
    photo = astronaut().filter(ImageFilter.GaussianBlur(3))
    centre = np.array([256.0, 256.0])
    turned = photo.rotate(-np.degrees(angle), Image.Resampling.BICUBIC, translate=shift)
    points = (ASTRONAUT - centre) @ rotation(angle).T + centre + shift
    before, after = crop_square(ASTRONAUT), crop_square(points)
    assume(after.corners.min() > 10 and after.corners.max() < 502)
    known = np.linalg.norm((after.corners - centre - shift), axis=1).max() < 250
    assume(known and np.linalg.norm(before.corners - centre, axis=1).max() < 250)
    difference = np.asarray(crop(turned, after), float) - np.asarray(crop(photo, before), float)
    assert np.abs(difference).mean() < 1.5


@pytest.mark.parametrize("side", [60, 512, 3000])
def test_a_plain_photo_stays_plain_whatever_the_scale(side):
    photo = Image.new("RGB", (max(side, 64), max(side, 64)), (90, 120, 30))
    square = Square((photo.width / 2, photo.height / 2), side * 0.9, 0.4)
    for border in ("mirror", "black"):
        cut = np.asarray(crop(photo, square, border=border))
        assert np.abs(cut[128:-128, 128:-128].astype(int) - [90, 120, 30]).max() <= 1


def test_beyond_the_border_there_is_a_blurred_mirror_or_black():
    photo = astronaut()
    square = Square((20.0, 120.0), 200.0, 0.0)  # 80 of its 200 columns are outside
    mirrored, black = (np.asarray(crop(photo, square, border=border)) for border in ("mirror", "black"))
    outside = slice(0, round(0.38 * 512))
    assert black[:, outside].max() == 0
    assert mirrored[:, outside].min() > 10
    np.testing.assert_array_equal(mirrored[:, 400:], black[:, 400:])
    with pytest.raises(NoSquare, match="outside of the photo"):
        crop(photo, Square((-500.0, 0.0), 200.0, 0.0))


def test_blur_lowers_sharpness():
    face = crop(astronaut(), crop_square(ASTRONAUT))
    values = [sharpness(face.filter(ImageFilter.GaussianBlur(blur))) for blur in (0, 2, 5)]
    assert values == sorted(values, reverse=True)
    assert values[0] > 0.25
    assert values[2] < 0.12


def detected(photo: Image.Image) -> np.ndarray:
    weights = mtcnn_flax.installed_weights()
    assert weights is not None
    settings = DetectionSettings(40, (0.6, 0.7, 0.9), proposals="classes")
    return mtcnn_flax.load(weights).detect(np.asarray(photo), settings).landmarks


@pytest.mark.long
def test_the_installed_detector_finds_the_astronaut():
    """And the crop around the face holds it where every crop holds its face."""
    points = detected(astronaut())
    assert len(points) == 1
    np.testing.assert_allclose(points[0], ASTRONAUT, atol=1.0)
    again = detected(crop(astronaut(), crop_square(points[0])))[0]
    square = crop_square(again)
    np.testing.assert_allclose(square.centre, 256, atol=8)
    assert square.side == pytest.approx(512, rel=0.04)


@pytest.mark.external
@pytest.mark.parametrize("number", [1, 4, 7, 8])
def test_photos_that_eg3d_cropped_are_not_cropped_any_further(number):
    """GOAE's examples come out of EG3D's script: their square is the photo itself."""
    photo = Image.open(external_file(f"faces/goae/{number}.jpg")).convert("RGB")
    square = crop_square(detected(photo)[0], upright=False)
    np.testing.assert_allclose(square.centre, 256, atol=4)
    assert square.side == pytest.approx(512, rel=0.025)
