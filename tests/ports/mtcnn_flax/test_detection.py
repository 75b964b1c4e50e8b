"""The whole detector finds the reference's boxes and landmarks on real photos."""

import hashlib

import numpy as np
import pytest
from PIL import Image

import mtcnn_flax
import torch_bridge
from mtcnn_flax import DetectionSettings
from mtcnn_flax.alignment import REFERENCE_POINTS, align_face, fit_similarity
from mtcnn_flax.detection import propose, pyramid_scales
from mtcnn_flax.files import make
from tests.support.external import external_file
from tests.support.perception_golden import perception_golden


@pytest.mark.parity
@pytest.mark.external
@pytest.mark.parametrize("tag", ["aligned_1", "aligned_2"])
def test_photos(tag):
    case = perception_golden("mtcnn_end2end")
    detector = mtcnn_flax.load(external_file("mtcnn/mtcnn_weights.zip"))
    file = external_file(f"faces/guide_celebahq/{tag}.jpg")
    assert hashlib.sha256(file.read_bytes()).hexdigest() == case.entry["inputs"][tag]["sha256"]
    picture = Image.open(file).convert("RGB")
    scales = pyramid_scales(*picture.size, 20)
    case.check(f"{tag}.scales", np.array(scales), 1e-12)
    counts = [len(propose(picture, detector.pnet, scale, 0.15).boxes) for scale in scales]
    np.testing.assert_array_equal(counts, case.arrays[f"{tag}.stage1_counts"])

    photo = np.asarray(picture)
    found = detector.detect(photo)
    case.check(f"{tag}.boxes", np.column_stack([found.boxes, found.scores]), 0.05, absolute=True)
    landmarks = found.landmarks.swapaxes(1, 2).reshape(len(found), 10)
    case.check(f"{tag}.landmarks", landmarks, 0.05, absolute=True)
    case.check(f"{tag}.tfm", fit_similarity(found.landmarks[0], REFERENCE_POINTS), 1e-2, absolute=True)
    mean = detector.align(photo).mean(axis=(0, 1))
    case.check(f"{tag}.crop_mean_rgb", mean, 0.2, absolute=True)
    np.testing.assert_array_equal(detector.align(photo), align_face(photo, found.landmarks[0]))


@pytest.mark.external
@pytest.mark.parametrize(
    ("photo", "count", "landmarks"),
    [
        (
            "goae/9",
            2,
            [(183.29, 208.43), (318.78, 202.43), (256.22, 287.37), (188.57, 340.49), (320.59, 335.26)],
        ),
        (
            "guide_celebahq/aligned_4",
            1,
            [(185.32, 200.87), (320.62, 204.86), (256.48, 285.41), (183.63, 336.83), (315.89, 343.69)],
        ),
        (
            "sugar_retain10/037927",
            3,
            [(388.23, 482.07), (639.25, 494.96), (480.68, 664.24), (405.55, 772.84), (625.65, 778.42)],
        ),
    ],
)
def test_photos_with_boxes_beyond_their_border(photo, count, landmarks):
    """The numbers are those of the reference's loop in NumPy around the same three networks."""
    detector = mtcnn_flax.load(external_file("mtcnn/mtcnn_weights.zip"))
    found = detector.detect(np.asarray(Image.open(external_file(f"faces/{photo}.jpg")).convert("RGB")))
    assert len(found) == count
    np.testing.assert_allclose(found.landmarks[0], landmarks, atol=0.05)


@pytest.mark.parametrize("stage", ["pnet.conv4_2", "rnet.conv5_2"])
def test_a_box_beyond_the_border_is_clipped_before_its_landmarks_are_placed(stage):
    """Networks that see a face everywhere, in boxes that either stage doubles, with corners as landmarks."""
    arrays = {name: np.zeros(shape) for name, shape in torch_bridge.module_shapes(make).items()}
    for name in ("pnet.conv4_1", "rnet.conv5_1", "onet.conv6_1"):
        arrays[f"{name}.bias"] = np.array([-5.0, 5.0])
    arrays[f"{stage}.bias"] = np.array([-0.5, -0.5, 0.5, 0.5])
    arrays["onet.conv6_3.bias"] = np.array([0.0, 1, 0, 1, 0.5, 0, 0, 1, 1, 0.5])
    height, width = 30, 36
    found = torch_bridge.module_from_arrays(make, arrays).detect(
        np.full((height, width, 3), 128, np.uint8), DetectionSettings(proposals="classes")
    )
    assert (found.boxes >= 0).all()
    assert (found.boxes <= [width - 1, height - 1] * 2).all()
    assert (found.boxes == 0).any(), "one did reach beyond"
    np.testing.assert_allclose(found.landmarks[:, 0], found.boxes[:, :2])
    np.testing.assert_allclose(found.landmarks[:, 3], found.boxes[:, 2:] + 1)


def test_an_image_without_a_face_has_no_detections():
    blank = {name: np.zeros(shape) for name, shape in torch_bridge.module_shapes(make).items()}
    detector = torch_bridge.module_from_arrays(make, {**blank, "onet.conv6_1.bias": np.array([50.0, -50.0])})
    grey = np.full((40, 50, 3), 128, np.uint8)
    assert len(detector.detect(grey)) == 0
    assert len(detector.detect(grey[:15])) == 0, "smaller than the smallest face"
    with pytest.raises(mtcnn_flax.NoFaceError):
        detector.align(grey)
    with pytest.raises(ValueError, match=r"needs \[H, W, 3\] uint8, not \[40, 50, 3\] float64"):
        detector.detect(grey / 255)
