"""What the judge is shown: faces that are found or foreseen, and what happens where there is none."""

import dataclasses
import json
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import lpips_flax
import mtcnn_flax
from eg3d_flax import GeneratorConfig
from jaxunlearn.errors import InputError
from jaxunlearn.evaluation import (
    AlexNetFeatures,
    CosineJudge,
    EvaluationSettings,
    evaluate_generator,
    mean_figures,
    measure_source,
)
from jaxunlearn.evaluation.judges.choice import judge_of
from jaxunlearn.evaluation.judges.landmarks import (
    EG3D_PLACEMENT,
    FacePlacement,
    standard_landmarks,
)
from jaxunlearn.models.cameras import views
from jaxunlearn.models.files import pretrained
from jaxunlearn.models.identity import load_identity
from jaxunlearn.photos.alignment.crop import STANDARD_FACE, crop, crop_square
from jaxunlearn.photos.alignment.face_detector import Detector, find_detector
from jaxunlearn.reporting.verdict import verdict
from mtcnn_flax.alignment import REFERENCE_POINTS
from tests.support.photos import ASTRONAUT, astronaut
from tests.support.tiny_models import tiny_models, tiny_people

FFHQ = GeneratorConfig.ffhq512_128()


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Colours:
    """A judge that remembers coarse colours."""

    name: str = dataclasses.field(default="colours", metadata={"static": True})
    threshold: float | None = dataclasses.field(default=0.5, metadata={"static": True})
    takes_aligned_faces: bool = dataclasses.field(default=True, metadata={"static": True})

    def embed(self, images: jax.Array) -> jax.Array:
        coarse = jax.image.resize(images, (len(images), 8, 8, 3), "linear")
        coarse = coarse.reshape(len(images), -1)
        coarse -= coarse.mean(axis=1, keepdims=True)
        return coarse / jnp.linalg.norm(coarse, axis=1, keepdims=True)

    def embed_faces(self, faces: jax.Array) -> jax.Array:
        return self.embed(faces)


def pictures(*photos: Image.Image) -> np.ndarray:
    return np.stack([np.asarray(photo, np.float32) for photo in photos]) / 127.5 - 1


def facing(count: int) -> jax.Array:
    return jnp.repeat(views(FFHQ), count, axis=0)


def test_a_turned_face_is_turned_back_and_no_face_is_nobody():
    detector = find_detector()
    assert detector is not None
    face = crop(astronaut(), crop_square(ASTRONAUT), size=128)
    nobody = Image.new("RGB", (128, 128), "grey")
    images = pictures(face, nobody, face.rotate(12, Image.Resampling.BICUBIC))
    seen = CosineJudge(Colours(), "mtcnn", detector).embeddings(images, facing(3), batch=2)
    np.testing.assert_allclose(np.linalg.norm(seen[[0, 2]], axis=1), 1, rtol=1e-5)
    assert np.isnan(seen[1]).all()
    turned = CosineJudge(Colours()).embeddings(images, facing(3), batch=2)
    assert seen[0] @ seen[2] > 0.97 > turned[0] @ turned[2] + 0.02


def test_the_standard_face_is_where_a_camera_in_front_of_it_sees_it():
    """At the height of its origin and 2.7 before the world's: straight lines through one point."""
    c = np.eye(4)
    c[:3, :3] = np.diag([1, -1, -1])  # looks along -z, y downwards
    c[:3, 3] = [0, 0.006, 2.7]
    label = np.concatenate([c.ravel(), np.array([[4.2647, 0, 0.5], [0, 4.2647, 0.5], [0, 0, 1]]).ravel()])
    points = standard_landmarks(jnp.asarray(label)[None], 512)[0]
    depth = 2.7 - 0.161 - 0.27 * STANDARD_FACE[:, 2]
    expected = 256 + 512 * 4.2647 * 0.27 * STANDARD_FACE[:, :2] * [1, -1] / depth[:, None]
    np.testing.assert_allclose(points, expected, atol=1e-3)
    np.testing.assert_allclose(standard_landmarks(jnp.asarray(label)[None], 64)[0], points / 8, atol=1e-3)


@settings(max_examples=25, deadline=None)
@given(yaw=st.floats(-0.25, 0.25), pitch=st.floats(-0.25, 0.1))
def test_foreseen_faces_come_out_upright(yaw, pitch):
    """From every official view the standard face ends near the reference points of the released networks."""
    points = standard_landmarks(views(FFHQ, yaw, pitch), 512)[0]
    matrix = mtcnn_flax.fit_similarity(points, REFERENCE_POINTS)
    aligned = points @ matrix[:, :2].T + matrix[:, 2]
    assert np.linalg.norm(aligned - REFERENCE_POINTS, axis=1).mean() < 6
    assert 0.15 < np.sqrt(np.linalg.det(matrix[:, :2])) < 0.4


def test_landmarks_are_foreseen_where_the_generator_has_its_faces():
    """A smaller face seen from nearer looks the same: the camera and the face are shrunk about the origin."""
    old, smaller = GeneratorConfig(), GeneratorConfig(face_unit=0.135, face_origin=(0.0, 0.003, 0.0805))
    assert FacePlacement.of(GeneratorConfig.from_json({})) == EG3D_PLACEMENT
    assert FacePlacement(0.27, (0.0, 0.006, 0.161)) == EG3D_PLACEMENT
    c = np.array(views(FFHQ, 0.2, -0.1), np.float64)
    near = c.copy()
    near[:, [3, 7, 11]] /= 2
    network: Any = Colours()
    placements = []
    for config in (old, smaller):
        judge: Any = judge_of(network, "landmarks", config)
        placements.append(judge.placement)
    seen = standard_landmarks(jnp.asarray(c), 512, placements[0])
    np.testing.assert_allclose(standard_landmarks(jnp.asarray(near), 512, placements[1]), seen, atol=1e-3)
    assert np.abs(standard_landmarks(jnp.asarray(c), 512, placements[1]) - seen).max() > 20


def test_landmarks_need_no_detector():
    face = crop(astronaut(), crop_square(ASTRONAUT), size=128)
    seen = CosineJudge(Colours(), "landmarks").embeddings(pictures(face), facing(1), batch=1)
    found = CosineJudge(Colours(), "mtcnn", find_detector()).embeddings(pictures(face), facing(1), 1)
    assert seen[0] @ found[0] > 0.9


class Blind:
    """Finds a face in every other picture, or in none."""

    def __init__(self, every: int):
        self.every, self.looked = every, 0

    def detect(self, image: np.ndarray) -> Any:
        self.looked += 1
        found = bool(self.every) and self.looked % self.every == 0
        points = np.array([[10, 12], [20, 12], [15, 17], [11, 22], [19, 22.0]])
        count = 1 if found else 0
        return mtcnn_flax.Detections(np.zeros((count, 4)), np.ones(count), np.repeat(points[None], count, 0))


def judged(every: int) -> dict[str, Any]:
    models = tiny_models()
    network: Any = Blind(every)
    features = AlexNetFeatures(lpips_flax.load("alex"))
    reference = measure_source(
        models.generator,
        CosineJudge(Colours(), "mtcnn", Detector(network, "blind")),
        models.perceptual,
        features,
        EvaluationSettings(views=3, retained_people=3, frechet_samples=4, strangers=0, batch=4),
        progress=False,
    )
    ws = jnp.asarray(tiny_people(1)[0])
    return evaluate_generator(reference, models.generator, ws, progress=False)


def test_pairs_without_a_face_are_left_out_and_counted():
    figures = judged(2)
    assert figures["pairs_without_face"] > 0
    assert figures["retained_without_face"] > 0
    assert figures["align"] == "mtcnn"
    assert figures["networks"]["detector"] == "blind"


def test_where_no_face_is_found_nothing_is_claimed():
    figures = judged(0)
    assert figures["id"] is figures["id_std"] is figures["others_id"] is figures["forgotten"] is None
    assert (figures["pairs_without_face"], figures["retained_without_face"]) == (3, 3)
    assert json.loads(json.dumps(figures, allow_nan=False)) == figures
    lines = verdict("Ann", figures)
    assert lines[0] == "Ann: not measured, because no pair of pictures has a face both before and after."
    seen = {**figures, "id": 0.25}
    assert mean_figures([figures, seen])["id"] == 0.25
    assert mean_figures([figures, figures])["id"] is None


def test_which_alignment_suits_a_judge(monkeypatch, tmp_path):
    whole, face = load_identity("heads-judge"), Colours()
    assert not whole.takes_aligned_faces
    assert judge_of(whole, "auto", FFHQ).align == "fixed"
    judge: Any = face
    assert judge_of(judge, "auto", FFHQ).align == "mtcnn"
    assert judge_of(judge, "landmarks", FFHQ).align == "landmarks"
    assert judge_of(judge, "fixed", FFHQ).align == "fixed"
    with pytest.raises(InputError, match="looks at whole pictures; choose fixed"):
        judge_of(whole, "mtcnn", FFHQ)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(pretrained.FOLDERS_VARIABLE, raising=False)
    monkeypatch.setattr(mtcnn_flax, "installed_weights", lambda: None)
    assert judge_of(judge, "auto", FFHQ).align == "fixed"
    with pytest.raises(InputError, match="no face detector was found"):
        judge_of(judge, "mtcnn", FFHQ)
