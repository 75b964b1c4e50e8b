"""Cameras in EG3D's convention, for rendering synthetic people.

A camera is `c` [25]: the flattened 4x4 cam2world matrix (OpenCV axes: x right, y down, z forward), then the
flattened 3x3 intrinsics normalised by the image size.
"""

import math

import numpy as np

RADIUS = 2.7
PIVOT = (0.0, 0.0, 0.2)
FIELD_OF_VIEW = 18.837
"""Degrees."""
NEAREST, FARTHEST = 2.25, 3.3
"""Ends of EG3D's rays; every surface lies between them."""


def focal_length(field_of_view: float = FIELD_OF_VIEW) -> float:
    """Return the normalised focal length by the constants of EG3D's `FOV_to_intrinsics`; 4.263 by default."""
    return float(1 / (math.tan(field_of_view * 3.14159 / 360) * 1.414))


def look_at(yaw: float, pitch: float) -> np.ndarray:
    """Return a camera that looks at the pivot: `LookAtPoseSampler` at (π/2 + yaw, π/2 + pitch) without noise.

    As in the official sampler, the polar angle is arccos(1 - 2v/π) instead of v, and the radius is measured
    from the origin instead of the pivot.

    Args:
      yaw: radians; positive moves the camera to the person's left (+x).
      pitch: radians; negative moves the camera up.

    Returns:
      `c` [25] float32.
    """
    vertical = min(max(math.pi / 2 + pitch, 1e-5), math.pi - 1e-5)
    horizontal = math.pi / 2 + yaw
    polar = math.acos(1 - 2 * vertical / math.pi)
    position = RADIUS * np.array(
        [
            math.sin(polar) * math.cos(math.pi - horizontal),
            math.cos(polar),
            math.sin(polar) * math.sin(math.pi - horizontal),
        ]
    )
    forward = np.array(PIVOT) - position
    forward /= np.linalg.norm(forward)
    right = -np.cross([0.0, 1.0, 0.0], forward)
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    cam2world = np.eye(4)
    cam2world[:3, :3] = np.stack([right, down, forward], axis=1)
    cam2world[:3, 3] = position
    focal = focal_length()
    intrinsics = np.array([[focal, 0, 0.5], [0, focal, 0.5], [0, 0, 1]])
    return np.concatenate([cam2world.ravel(), intrinsics.ravel()]).astype(np.float32)


def split_camera(camera: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Split `c` [..., 25] into cam2world [..., 4, 4] and intrinsics [..., 3, 3]."""
    return (
        camera[..., :16].reshape(*camera.shape[:-1], 4, 4),
        camera[..., 16:].reshape(*camera.shape[:-1], 3, 3),
    )


def pixel_rays(camera: np.ndarray, resolution: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rays through the pixel centres, row by row, as EG3D's `RaySampler` does without skew.

    Args:
      camera: `c` [25].
      resolution: pixels along each side.

    Returns:
      origin [3], unit directions [resolution, resolution, 3], both in world space.
    """
    cam2world, intrinsics = split_camera(camera)
    centre = (np.arange(resolution, dtype=np.float32) + 0.5) / resolution
    x = (centre - intrinsics[0, 2]) / intrinsics[0, 0]
    y = (centre - intrinsics[1, 2]) / intrinsics[1, 1]
    local = np.stack([*np.meshgrid(x, y), np.ones((resolution, resolution), np.float32)], axis=-1)
    directions = local @ cam2world[:3, :3].T
    return cam2world[:3, 3], directions / np.linalg.norm(directions, axis=-1, keepdims=True)
