"""EG3D's crop of a photo: from five landmarks to the square that its generators were trained on.

Points are (x, y) in pixels of the photo, y downwards, (0, 0) the upper left corner of the upper left pixel.
Five points are: left eye, right eye, nose, left and right corner of the mouth, as seen in the picture.

The square follows `crop_images_in_the_wild.py` of NVlabs/eg3d: a weak-perspective camera is fitted between
the five landmarks and those of a standard face in space. The square is centred on the camera's image of the
standard face's origin, and is 700 / 300 of its units wide. The photos of EG3D's training set were first
turned upright, by the axis of eyes and mouth that FFHQ's alignment uses, and continued beyond their border
as in FFHQ.
"""

import dataclasses
from typing import Literal

import numpy as np
from PIL import Image, ImageFilter

STANDARD_FACE = np.array(
    [
        [-0.31148657, 0.29036078, 0.13377953],
        [0.30979887, 0.28972036, 0.13179526],
        [0.0032535, -0.04617932, 0.55244243],
        [-0.25216928, -0.38133916, 0.22405732],
        [0.2484662, -0.38128236, 0.22235769],
    ]
)
"""The five points of the mean Basel face as Deep3DFaceRecon normalises it: x right, y up, z to the viewer."""
SQUARE_SIDE = 700 / 300
"""Side of the crop in units of the standard face: a unit is 300 pixels, and the middle 700 are kept."""
CROP_SIZE = 512
FARTHEST = 1e6
"""Distance in pixels from the picture's corner that no point of a face has."""
_SMALLEST = 4
"""Side of the smallest square in pixels; a smaller one shows nothing and would be enlarged too far."""
_LARGEST_SQUARE = 8
"""Side of the largest square of a face, in longest sides of the photo."""
_PROFILE = 0.1
"""How far the eyes of a face from the side may be exchanged, in distances from eyes to mouth."""

Border = Literal["mirror", "black"]
"""The area beyond the photo: the photo mirrored and blurred, as in FFHQ; or black, as in EG3D's script."""


class NoSquare(ValueError):
    """Landmarks that cannot be those of a face."""


@dataclasses.dataclass(frozen=True)
class Square:
    """The place of a crop in its photo.

    Attributes:
      centre: (x, y).
      side: its length, in pixels of the photo.
      angle: radians by which its rows are turned, clockwise as seen in the picture.
    """

    centre: tuple[float, float]
    side: float
    angle: float

    @property
    def axes(self) -> np.ndarray:
        """The directions of rows and columns, each as long as a side; `[2, 2]`, one in each row."""
        return self.side * rotation(self.angle).T

    @property
    def corners(self) -> np.ndarray:
        """The upper left, upper right, lower right and lower left corner, `[4, 2]`."""
        x, y = self.axes / 2
        return np.array(self.centre) + np.stack([-x - y, x - y, x + y, y - x])

    def moved(self, offset: np.ndarray, scale: float = 1.0) -> "Square":
        """Return the same square in a photo that was cut at `offset` and then scaled."""
        x, y = (np.array(self.centre) - offset) * scale
        return Square((float(x), float(y)), self.side * scale, self.angle)

    def inside(self, points: np.ndarray, size: int = CROP_SIZE) -> np.ndarray:
        """Return points `[N, 2]` of the photo as points of a crop with `size` pixels along each side."""
        return ((points - np.array(self.centre)) @ self.axes.T / self.side**2 + 0.5) * size


def rotation(angle: float) -> np.ndarray:
    """Return the matrix `[2, 2]` that turns columns by `angle`, clockwise as seen in a picture."""
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[cosine, -sine], [sine, cosine]])


def five_points(landmarks: np.ndarray) -> np.ndarray:
    """Return five points `[5, 2]` of the 68 that dlib and FFHQ use, as Deep3DFaceRecon does; five stay five.

    Raises:
      NoSquare: if there are neither 5 nor 68 points.
    """
    if landmarks.shape == (5, 2):
        return landmarks
    if landmarks.shape != (68, 2):
        raise NoSquare(f"landmarks must be 5 or 68 points (x, y), not an array of {list(landmarks.shape)}")
    corners = landmarks[[36, 39, 42, 45]]
    return np.stack([*corners.reshape(2, 2, 2).mean(axis=1), *landmarks[[30, 48, 54]]])


def tilt(points: np.ndarray) -> float:
    """Return the angle of a face `[5, 2]` in the picture, radians, clockwise: the x axis of FFHQ's crop."""
    eye_to_eye, eye_to_mouth = _axes(points)
    x, y = eye_to_eye + eye_to_mouth[::-1] * [1, -1]
    return float(np.arctan2(y, x))


def is_mirrored(points: np.ndarray) -> bool:
    """Return True if a face `[5, 2]` is a mirror image: the right eye first, or points (y, x) or y upwards.

    Its tilt would mean nothing, and its crop could be upside down.
    """
    (x, y), eye_to_mouth = _axes(points)
    return bool(eye_to_mouth @ [-y, x] < -_PROFILE * (eye_to_mouth @ eye_to_mouth))


def from_left(faces: np.ndarray) -> np.ndarray:
    """Return the landmarks `[F, N, 2]` of faces in their order from left to right."""
    return faces[np.argsort(faces[:, :, 0].mean(axis=1), kind="stable")]


def _axes(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the ways from eye to eye and from the eyes to the mouth of a face `[5, 2]`."""
    return points[1] - points[0], (points[3] + points[4] - points[0] - points[1]) / 2


def crop_square(points: np.ndarray, *, upright: bool = True) -> Square:
    """Return the square of a face.

    Args:
      points: `[5, 2]`, its landmarks.
      upright: True turns the square with the face, as for the training photos; False keeps it parallel to the
        photo's edges, as EG3D's script for photos in the wild does.

    Raises:
      NoSquare: if the points cannot be those of a face.
    """
    points = np.asarray(points, np.float64)
    if not (np.abs(points) < FARTHEST).all():  # also refuses NaN
        raise NoSquare(f"landmarks must be numbers between -{FARTHEST:g} and {FARTHEST:g}")
    angle = tilt(points) if upright else 0.0
    turned = points @ rotation(angle)
    standard = np.column_stack([STANDARD_FACE, np.ones(len(STANDARD_FACE))])
    x, y = np.linalg.lstsq(standard, turned * [1, -1], rcond=None)[0].T
    scale = (np.linalg.norm(x[:3]) + np.linalg.norm(y[:3])) / 2
    spread = np.linalg.norm(points - points.mean(axis=0), axis=1).max()
    if not spread > 0 or not 0.1 < scale / spread < 10:
        raise NoSquare("the landmarks are not spread like those of a face")
    centre = rotation(angle) @ np.array([x[3], -y[3]])
    return Square((float(centre[0]), float(centre[1])), float(SQUARE_SIDE * scale), angle)


def crop(
    photo: Image.Image, square: Square, *, size: int = CROP_SIZE, border: Border = "mirror"
) -> Image.Image:
    """Cut a square out of a photo.

    A small photo is first enlarged to twice the resolution of the crop. A large photo is sampled at least at
    its own resolution. The samples are then averaged, so that no detail is lost and nothing aliases.

    Args:
      photo: RGB.
      square: its place, which may reach beyond the photo.
      size: pixels along each side of the result.
      border: how the photo is continued beyond its border.

    Raises:
      NoSquare: if the square is too small, far larger than the photo, or outside of it.
    """
    if square.side < _SMALLEST:
        raise NoSquare(f"the face is less than {_SMALLEST} pixels wide")
    if square.side > _LARGEST_SQUARE * max(photo.size):
        raise NoSquare("the landmarks lie farther apart than any face in this photo")
    shrink = int(square.side / size / 2)
    if shrink > 1:
        photo, square = photo.reduce(shrink), square.moved(np.zeros(2), 1 / shrink)
    photo, square = _surroundings(photo, square, border)
    photo, stretch = _enlarged(photo, 2 * size / square.side)
    finer = size * int(np.ceil(square.side * stretch.max() / size))
    x, y = square.axes * stretch / finer
    left, top = square.corners[0] * stretch
    coefficients = (x[0], y[0], left, x[1], y[1], top)
    sampled = photo.transform((finer, finer), Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR)
    return sampled.resize((size, size), Image.Resampling.LANCZOS)


def _enlarged(photo: Image.Image, factor: float) -> tuple[Image.Image, np.ndarray]:
    """Return the photo, bicubically enlarged if `factor` is above 1, and the factor of each side."""
    if factor <= 1:
        return photo, np.ones(2)
    width, height = (round(side * factor) for side in photo.size)
    larger = photo.resize((width, height), Image.Resampling.BICUBIC)
    return larger, np.array([width / photo.width, height / photo.height])


def _surroundings(photo: Image.Image, square: Square, border: Border) -> tuple[Image.Image, Square]:
    """Return the part of the photo around the square, continued if the square reaches beyond the photo."""
    margin = 4
    low = np.floor(square.corners.min(axis=0)).astype(int) - margin
    high = np.ceil(square.corners.max(axis=0)).astype(int) + margin
    first, last = np.maximum(low, 0), np.minimum(high, photo.size)
    if (first >= last).any():
        raise NoSquare("the face lies outside of the photo")
    part = photo.crop((*first.tolist(), *last.tolist()))
    before, after = first - low, high - last
    if (before > margin).any() or (after > margin).any():
        if border == "black":
            part = _padded(part, before, after, "constant")
        else:
            ample = round(0.3 * square.side)
            before = np.where(before > margin, np.maximum(before, ample), 0)
            after = np.where(after > margin, np.maximum(after, ample), 0)
            part = _faded(_padded(part, before, after, "reflect"), before, after, 0.02 * square.side)
        first = first - before
    return part, square.moved(first)


def _padded(part: Image.Image, before: np.ndarray, after: np.ndarray, mode: str) -> Image.Image:
    widths = ((before[1], after[1]), (before[0], after[0]), (0, 0))
    return Image.fromarray(np.pad(np.asarray(part), widths, mode=mode))  # pyright: ignore[reportCallIssue, reportArgumentType]


def _faded(part: Image.Image, before: np.ndarray, after: np.ndarray, blur: float) -> Image.Image:
    """Blur the part beyond the photo's edge, and fade it into the median colour, as FFHQ's alignment does."""
    pixels = np.asarray(part, np.float32)
    height, width = pixels.shape[:2]
    x, y = np.arange(width)[None, :, None], np.arange(height)[:, None, None]
    distances = [(x, before[0]), (y, before[1]), (width - 1 - x, after[0]), (height - 1 - y, after[1])]
    beyond = np.full((1, 1, 1), -1.0)
    for distance, width_of_pad in distances:
        if width_of_pad:
            beyond = np.maximum(beyond, 1 - distance / width_of_pad)
    blurred = np.asarray(part.filter(ImageFilter.GaussianBlur(blur)), np.float32)
    pixels = pixels + (blurred - pixels) * np.clip(3 * beyond + 1, 0, 1)
    pixels += (np.median(pixels, axis=(0, 1)) - pixels) * np.clip(beyond, 0, 1)
    return Image.fromarray(np.rint(pixels).clip(0, 255).astype(np.uint8))


def sharpness(face: Image.Image) -> float:
    """Return the share of a crop's contrast that is in its finest detail.

    It is the standard deviation of the Laplacian over that of the brightness, in the middle half of the crop
    at 256 pixels a side. Noise raises it, blur and enlargement lower it.
    """
    grey = np.asarray(face.convert("L").resize((256, 256), Image.Resampling.LANCZOS), np.float64)[
        64:192, 64:192
    ]
    laplacian = grey[1:-1, :-2] + grey[1:-1, 2:] + grey[:-2, 1:-1] + grey[2:, 1:-1] - 4 * grey[1:-1, 1:-1]
    return float(laplacian.std() / max(grey.std(), 1e-6))
