"""Statistics of real images: from folders a batch at a time, and from files."""

import numpy as np
import pytest

from inception_flax import FeatureStatistics
from jaxunlearn.errors import InputError
from jaxunlearn.evaluation import real_images
from jaxunlearn.evaluation.features import OnEightBits, descriptions, feature_size
from jaxunlearn.evaluation.real_images import (
    RealStatistics,
    read_real,
    statistics_files,
    streaming,
    write_statistics,
)
from jaxunlearn.evaluation.reference import RenderedPeople, compared_with_real
from jaxunlearn.images import save_png, to_float, to_uint8
from tests.support.tiny_reference import MeanColour

SIDE = 8


@pytest.fixture
def pictures() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (7, SIDE, SIDE, 3), np.uint8)


@pytest.fixture
def expected(pictures) -> FeatureStatistics:
    return FeatureStatistics.of(to_float(pictures).mean(axis=(1, 2)))


def read(path) -> RealStatistics:
    return read_real(path, SIDE, MeanColour(), 3, progress=False)


def same(statistics: FeatureStatistics, expected: FeatureStatistics) -> None:
    np.testing.assert_allclose(statistics.mean, expected.mean, atol=1e-6)
    np.testing.assert_allclose(statistics.covariance, expected.covariance, atol=1e-6)


def test_a_folder_of_folders_is_read_a_batch_at_a_time(tmp_path, pictures, expected, monkeypatch):
    """As FFHQ lies on disk; a file that is no picture is named and left out."""
    sizes = []
    monkeypatch.setattr(
        streaming,
        "descriptions",
        lambda features, images, batch: (sizes.append(len(images)), descriptions(features, images, batch))[1],
    )
    for k, picture in enumerate(pictures):
        folder = tmp_path / f"{k // 4:05d}"
        folder.mkdir(exist_ok=True)
        save_png(folder / f"{k:05d}.png", picture)
    (tmp_path / "00001" / "broken.png").write_bytes(b"broken")
    with pytest.warns(UserWarning, match=r"left out: .*broken\.png"):
        real = read(tmp_path)
    assert (real.number, real.network, sizes) == (7, "mean colour", [3, 3, 1])
    same(real.statistics, expected)


def test_ours_come_back_as_they_were_written(tmp_path, expected):
    written = RealStatistics(expected, 7, "mean colour", "somewhere")
    write_statistics(tmp_path / "ours.npz", written)
    real = read(tmp_path / "ours.npz")
    assert (real.number, real.network, real.origin) == (7, "mean colour", "ours.npz")
    np.testing.assert_array_equal(real.statistics.covariance, expected.covariance)
    with pytest.raises(InputError, match="has features of mean colour, but this evaluation uses inception"):
        real_images.read_statistics(tmp_path / "ours.npz", 3, "inception")


def test_raw_features_and_statistics_of_others(tmp_path, pictures, expected, monkeypatch):
    features = to_float(pictures).mean(axis=(1, 2))
    np.save(tmp_path / "ffhq_real_feat.npy", features)
    np.savez(tmp_path / "pytorch_fid.npz", mu=expected.mean, sigma=expected.covariance)
    monkeypatch.setattr(statistics_files, "_ROWS", 2)
    (tmp_path / "ffhq_real_feat.npy").rename(tmp_path / "FEATURES.NPY")
    raw, stored = read(tmp_path / "FEATURES.NPY"), read(tmp_path / "pytorch_fid.npz")
    assert (raw.number, stored.number) == (7, None)
    same(raw.statistics, expected)
    same(stored.statistics, expected)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.npy", np.zeros((5, 4)), r"float64 of shape \[5, 4\]; .* are \[N, 3\]"),
        ("a.npy", np.zeros((1, 3)), "features of 1 images"),
        ("a.npy", np.full((5, 3), np.nan), "NaN or infinity"),
        ("a.npy", np.zeros((0, 3)), "features of 0 images"),
        ("a.npy", np.array([["a", "b", "c"]]), "holds texts, not numbers"),
        ("a.npz", {"mu": np.zeros(3)}, "expected the arrays mu and sigma, or mean and covariance; found mu"),
        ("a.npz", {"mu": np.zeros(4), "sigma": np.eye(4)}, "has 3 features"),
        ("a.npz", {"mu": np.zeros(3), "sigma": np.eye(3)[:2]}, "has 3 features"),
        ("a.npz", {"mu": np.zeros(3), "sigma": np.tri(3)}, "sigma is not a covariance"),
        ("a.npz", {"mean": np.full(3, np.inf), "covariance": np.eye(3)}, "mean contains NaN"),
        ("a.pkl", None, "no such folder, and not a file of statistics"),
        ("missing", None, "no such folder"),
        ("missing.npy", None, "missing.npy: "),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(tmp_path, name, content, message):
    path = tmp_path / name
    if isinstance(content, dict):
        np.savez(path, **content)
    elif content is not None:
        np.save(path, content)
    with pytest.raises(InputError, match=message) as caught:
        read(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_cut_file_is_refused(tmp_path):
    np.save(tmp_path / "whole.npy", np.zeros((50, 3)))
    (tmp_path / "cut.npy").write_bytes((tmp_path / "whole.npy").read_bytes()[:500])
    with pytest.raises(InputError, match="damaged or cut short"):
        read(tmp_path / "cut.npy")


def test_one_picture_has_no_covariance(tmp_path, pictures):
    save_png(tmp_path / "only.png", pictures[0])
    with pytest.raises(InputError, match="at least two"):
        read(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="has no pictures"):
        read(tmp_path / "empty")


def test_eight_bits_are_those_of_the_saved_pictures():
    images = np.random.default_rng(1).uniform(-1.2, 1.2, (3, SIDE, SIDE, 3)).astype(np.float32)
    images[0, 0] = to_float(np.arange(SIDE * 3, dtype=np.uint8).reshape(SIDE, 3))
    rounded = descriptions(MeanColour(), to_float(to_uint8(images)), 3)
    np.testing.assert_allclose(descriptions(OnEightBits(MeanColour()), images, 3), rounded, atol=1e-6)
    assert feature_size(OnEightBits(MeanColour()), SIDE) == 3


def test_real_images_are_told_apart_and_known_again_from_their_file(tmp_path, pictures):
    people = RenderedPeople(np.zeros((1, SIDE, SIDE, 3)), {}, FeatureStatistics.of(np.eye(3)), np.eye(3))
    real, other = (
        streaming.statistics_of_images(to_float(images), MeanColour(), 3)
        for images in (pictures, pictures[1:])
    )
    assert real is not None
    assert other is not None
    write_statistics(tmp_path / "real.npz", real)
    known = compared_with_real(people, real).sha256
    assert compared_with_real(people, read(tmp_path / "real.npz")).sha256 == known
    assert compared_with_real(people, other).sha256 != known
