"""The surface that a generator's density describes, as a coloured mesh."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import skimage.measure
import trimesh
from tqdm import tqdm

from eg3d_flax import Compute, TriPlaneGenerator
from jaxunlearn.errors import InputError
from torch_bridge import replacing

FORMATS = (".ply", ".obj", ".glb")

_POINTS_AT_A_TIME = 2**16


def _query(
    generator: TriPlaneGenerator, planes: jax.Array, points: np.ndarray, compute: Compute, title: str
) -> tuple[np.ndarray, np.ndarray]:
    """Raw colours `[M, 3]` and densities `[M]` at `points` `[M, 3]`, some at a time."""
    query = jax.jit(lambda points: generator.query(planes, points[None], compute=compute))
    rgb, sigma = np.empty((len(points), 3), np.float32), np.empty(len(points), np.float32)
    for start in tqdm(range(0, len(points), _POINTS_AT_A_TIME), desc=title, unit="block", leave=False):
        chunk = points[start : start + _POINTS_AT_A_TIME]
        filled = np.zeros((_POINTS_AT_A_TIME, 3), np.float32)
        filled[: len(chunk)] = chunk
        decoded = query(jnp.asarray(filled))
        rgb[start : start + len(chunk)] = decoded.rgb[0, : len(chunk), :3]
        sigma[start : start + len(chunk)] = decoded.sigma[0, : len(chunk)]
    return rgb, sigma


def density_grid(
    generator: TriPlaneGenerator, planes: jax.Array, resolution: int, *, compute: Compute
) -> np.ndarray:
    """Density (softplus of raw density − 1, as the ray marcher has it) at the nodes of a cubic lattice.

    Args:
      generator: whose decoder is asked.
      planes: `[1, 3, H, W, C]`.
      resolution: nodes along each side of the box that the planes cover.
      compute: dtype and forms.

    Returns:
      `[resolution, resolution, resolution]`, indexed by x, y, z.
    """
    half = generator.config.box_warp / 2
    axis = np.linspace(-half, half, resolution, dtype=np.float32)
    points = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    _, sigma = _query(generator, planes, points, compute, "density")
    return np.logaddexp(0, sigma - 1).reshape((resolution,) * 3)


def extract_mesh(
    generator: TriPlaneGenerator,
    ws: jax.Array,
    *,
    resolution: int = 256,
    level: float = 10.0,
    compute: Compute,
) -> trimesh.Trimesh:
    """Marching cubes on the density of one sample, vertices coloured by the decoder.

    Args:
      generator: the generator.
      ws: `[1, num_ws, w_dim]`.
      resolution: of the lattice.
      level: density at which the surface lies.
      compute: dtype and forms.

    Raises:
      InputError: if the density crosses `level` nowhere.
    """
    planes = jax.jit(lambda ws: generator.planes(ws, compute=compute))(ws)
    density = density_grid(generator, planes, resolution, compute=compute)
    # The border counts as empty, so that what touches the box is closed.
    density[[0, -1]] = density[:, [0, -1]] = density[:, :, [0, -1]] = 0
    if not density.min() < level < density.max():
        raise InputError(
            f"no surface at density {level:g}: the densities lie between {density.min():.3g} and "
            f"{density.max():.3g}; choose another --mesh-level"
        )
    spacing = generator.config.box_warp / (resolution - 1)
    vertices, faces, _, _ = skimage.measure.marching_cubes(density, level, spacing=(spacing,) * 3)
    vertices = vertices.astype(np.float32) - generator.config.box_warp / 2
    rgb, _ = _query(generator, planes, vertices, compute, "colour")
    colours = (np.clip(rgb, 0, 1) * 255 + 0.5).astype(np.uint8)
    # marching_cubes winds faces for objects darker than their surroundings.
    return trimesh.Trimesh(vertices, faces[:, ::-1], vertex_colors=colours, process=False)


def save_mesh(path: Path, mesh: trimesh.Trimesh) -> None:
    """Write .ply, .obj or .glb, by the name of `path`; it appears complete or not at all."""
    with replacing(path) as temporary:
        mesh.export(str(temporary), file_type=path.suffix.removeprefix("."))
