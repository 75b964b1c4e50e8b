"""The whole detector finds the reference's boxes and landmarks on real photos."""

import hashlib

import numpy as np
import pytest
from PIL import Image

import mtcnn_flax
import torch_bridge
from external import external_file
from mtcnn_flax.alignment import REFERENCE_POINTS, align_face, fit_similarity
from mtcnn_flax.detection import propose, pyramid_scales
from mtcnn_flax.files import make
from perception_golden import perception_golden


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
