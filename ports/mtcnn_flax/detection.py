"""The detection cascade: proposals on an image pyramid, refined twice on crops.

It runs on the host image by image because the number of boxes depends on the image; the networks are
compiled. A crop that reaches beyond the image is black there. As in the reference, its box is then clipped to
the image, so offsets for the whole square are applied to the part inside the image.
"""

import dataclasses
import functools
import math
from collections.abc import Callable
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from PIL import Image

from mtcnn_flax.boxes import calibrated, clipped, sides, squares, suppress
from mtcnn_flax.networks import ONet, PNet, RNet

CELL = 12
STRIDE = 2
PYRAMID_FACTOR = 0.707


@dataclasses.dataclass(frozen=True)
class DetectionSettings:
    """Thresholds of the cascade; the defaults are those of SUGAR's evaluation.

    Attributes:
      min_face_size: size of the smallest face, in pixels.
      thresholds: least score after each of the three networks.
      overlaps: largest overlap of two boxes after each network.
      proposals: axis over which the first network's scores are normalised. "width" is the choice of SUGAR's
        evaluation; faces side by side compete. "classes" is the choice of training; it needs higher
        thresholds, usually 0.6, 0.7, 0.7.
    """

    min_face_size: float = 20.0
    thresholds: tuple[float, float, float] = (0.15, 0.25, 0.35)
    overlaps: tuple[float, float, float] = (0.7, 0.7, 0.7)
    proposals: Literal["width", "classes"] = "width"


@dataclasses.dataclass(frozen=True)
class Detections:
    """Detected faces, best first, in pixels of the image.

    Attributes:
      boxes: `[N, 4]` left, top, right, bottom.
      scores: `[N]` in (0, 1).
      landmarks: `[N, 5, 2]`, (x, y) of left eye, right eye, nose, left and right corner of the mouth; left
        and right as seen in the image.
    """

    boxes: np.ndarray
    scores: np.ndarray
    landmarks: np.ndarray

    def __len__(self) -> int:
        return len(self.boxes)


@dataclasses.dataclass(frozen=True)
class Proposals:
    """Boxes `[N, 4]`, scores `[N]` and offsets `[N, 4]` in box sizes."""

    boxes: np.ndarray
    scores: np.ndarray
    offsets: np.ndarray

    def __getitem__(self, index: np.ndarray) -> "Proposals":
        return Proposals(self.boxes[index], self.scores[index], self.offsets[index])


_apply = jax.jit(lambda network, x: network(x))


@jax.jit
def _apply_over_classes(pnet: PNet, x: jax.Array) -> tuple[jax.Array, jax.Array]:
    offsets, logits = pnet.offsets_and_logits(x)
    return offsets, jax.nn.softmax(logits, axis=-1)


def pyramid_scales(width: int, height: int, min_face_size: float) -> list[float]:
    """Return the scales of the image pyramid; at smaller scales, larger faces fill a cell."""
    scale = CELL / min_face_size
    shortest = min(width, height) * scale
    scales = []
    while shortest > CELL:
        scales.append(scale * PYRAMID_FACTOR ** len(scales))
        shortest *= PYRAMID_FACTOR
    return scales


def detect(
    image: np.ndarray,
    networks: tuple[PNet, RNet, ONet],
    settings: DetectionSettings | None = None,
) -> Detections:
    """Find the faces of an image.

    Args:
      image: `[H, W, 3]` uint8, RGB.
      networks: the three networks.
      settings: thresholds.
    """
    settings = settings or DetectionSettings()
    pnet, rnet, onet = networks
    picture = Image.fromarray(image)
    scales = pyramid_scales(*picture.size, settings.min_face_size)
    first = functools.partial(_apply if settings.proposals == "width" else _apply_over_classes, pnet)
    faces = _concatenated([propose(picture, first, scale, settings.thresholds[0]) for scale in scales])
    faces = faces[suppress(faces.boxes, faces.scores, settings.overlaps[0])]
    boxes = squares(calibrated(faces.boxes, faces.offsets))

    offsets, probabilities = _on_crops(rnet, image, boxes, RNet.SIZE)
    faces = Proposals(clipped(boxes, *picture.size), probabilities[:, 1], offsets)
    faces = faces[faces.scores > settings.thresholds[1]]
    faces = faces[suppress(faces.boxes, faces.scores, settings.overlaps[1])]
    boxes = squares(calibrated(faces.boxes, faces.offsets))

    points, offsets, probabilities = _on_crops(onet, image, boxes, ONet.SIZE)
    sure = probabilities[:, 1] > settings.thresholds[2]
    boxes, scores = clipped(boxes[sure], *picture.size), probabilities[sure, 1]
    landmarks = boxes[:, None, 0:2] + sides(boxes)[:, None] * points[sure].reshape(-1, 2, 5).swapaxes(1, 2)
    boxes = calibrated(boxes, offsets[sure])
    kept = suppress(boxes, scores, settings.overlaps[2], relative_to="smaller")
    return Detections(boxes[kept], scores[kept], landmarks[kept])


def propose(
    picture: Image.Image,
    pnet: Callable[[jax.Array], tuple[jax.Array, jax.Array]],
    scale: float,
    threshold: float,
) -> Proposals:
    """Return cells of the scaled image that may show a face, as boxes in the original image."""
    width, height = (math.ceil(side * scale) for side in picture.size)
    small = np.asarray(picture.resize((width, height), Image.Resampling.BILINEAR))
    offsets, scores = (np.asarray(output)[0] for output in pnet(_normalised(small[None])))
    rows, columns = np.nonzero(scores[:, :, 1] > threshold)
    corner = STRIDE * np.stack([columns, rows], axis=1) + 1.0
    boxes = np.round(np.concatenate([corner, corner + CELL], axis=1) / scale)
    proposals = Proposals(boxes, scores[rows, columns, 1], offsets[rows, columns])
    return proposals[suppress(proposals.boxes, proposals.scores, 0.5)]


def _normalised(pixels: np.ndarray) -> jax.Array:
    return (jnp.asarray(pixels, jnp.float32) - 127.5) * 0.0078125


def _concatenated(parts: list[Proposals]) -> Proposals:
    empty = Proposals(np.zeros((0, 4)), np.zeros(0), np.zeros((0, 4)))
    return Proposals(
        *(
            np.concatenate([getattr(part, field.name) for part in (empty, *parts)])
            for field in dataclasses.fields(Proposals)
        )
    )


def _on_crops(
    network: Callable[[jax.Array], tuple[jax.Array, ...]], image: np.ndarray, boxes: np.ndarray, size: int
) -> list[np.ndarray]:
    """Apply a network to the contents of boxes; batches are padded to powers of 2 to limit compilations."""
    padded = 1 << max(len(boxes) - 1, 0).bit_length()
    crops = np.zeros((padded, size, size, 3), np.uint8)
    for crop, box in zip(crops, boxes, strict=False):
        crop[:] = cut_out(image, box, size)
    return [np.asarray(output)[: len(boxes)] for output in _apply(network, _normalised(crops))]


def cut_out(image: np.ndarray, box: np.ndarray, size: int) -> np.ndarray:
    """Cut a box on whole pixels out of an image and scale it to `[size, size, 3]`; black beyond the image."""
    left, top, right, bottom = (int(edge) for edge in box)
    content = np.zeros((bottom - top + 1, right - left + 1, 3), np.uint8)
    height, width = image.shape[:2]
    rows, columns = slice(max(top, 0), min(bottom + 1, height)), slice(max(left, 0), min(right + 1, width))
    if rows.start < rows.stop and columns.start < columns.stop:
        inside = image[rows, columns]
        row, column = rows.start - top, columns.start - left
        content[row : row + len(inside), column : column + inside.shape[1]] = inside
    return np.asarray(Image.fromarray(content).resize((size, size), Image.Resampling.BILINEAR))
