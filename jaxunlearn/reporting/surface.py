"""The surface that a generator's density describes, as a coloured mesh."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import skimage.measure
import trimesh
from tqdm import tqdm
from trimesh.exchange.gltf import export_glb
from trimesh.visual import ColorVisuals, TextureVisuals
from trimesh.visual.material import PBRMaterial

from eg3d_flax import Compute, TriPlaneGenerator
from eg3d_flax.decoder import Decoded
from jaxunlearn.errors import InputError
from torch_bridge import replacing

FORMATS = (".ply", ".obj", ".glb")

_POINTS_AT_A_TIME = 2**16


def _decoded(
    generator: TriPlaneGenerator,
    planes: jax.Array,
    count: int,
    points: Callable[[np.ndarray], np.ndarray],
    compute: Compute,
    title: str,
) -> Iterator[tuple[slice, Decoded]]:
    """What the decoder says at `count` points, some at a time: the whole lattice would fill the memory.

    Args:
      generator: whose decoder is asked.
      planes: `[1, 3, H, W, C]`.
      count: number of points.
      points: indices `[M]` → points `[M, 3]`.
      compute: dtype and forms.
      title: of the progress bar.
    """
    query = jax.jit(lambda points: generator.query(planes, points[None], compute=compute))
    for start in tqdm(range(0, count, _POINTS_AT_A_TIME), desc=title, unit="block", leave=False):
        index = np.arange(start, start + _POINTS_AT_A_TIME)
        decoded = query(jnp.asarray(points(np.minimum(index, count - 1)), jnp.float32))
        size = min(_POINTS_AT_A_TIME, count - start)
        yield slice(start, start + size), jax.tree.map(lambda x, n=size: np.asarray(x[0, :n]), decoded)


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
    shape = (resolution,) * 3

    def nodes(index: np.ndarray) -> np.ndarray:
        return np.stack([axis[i] for i in np.unravel_index(index, shape)], axis=-1)

    density = np.empty(resolution**3, np.float32)
    for where, decoded in _decoded(generator, planes, len(density), nodes, compute, "density"):
        density[where] = np.logaddexp(0, decoded.sigma - 1)
    return density.reshape(shape)


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
    colours = np.empty((len(vertices), 3), np.uint8)
    for where, decoded in _decoded(
        generator, planes, len(vertices), lambda index: vertices[index], compute, "colour"
    ):
        colours[where] = np.clip(decoded.rgb[:, :3], 0, 1) * 255 + 0.5
    # marching_cubes winds faces for objects darker than their surroundings.
    return trimesh.Trimesh(vertices, faces[:, ::-1], vertex_colors=colours, process=False)


def piece_of_faces(mesh: trimesh.Trimesh) -> np.ndarray:
    """Which connected piece each face belongs to, `[F]`; 0 is the piece with the largest surface."""
    vertices = trimesh.graph.connected_component_labels(mesh.edges, node_count=len(mesh.vertices))
    _, pieces = np.unique(vertices[mesh.faces[:, 0]], return_inverse=True)
    largest_first = np.argsort(-np.bincount(pieces, weights=mesh.area_faces), kind="stable")
    return np.argsort(largest_first)[pieces]


def largest_piece(mesh: trimesh.Trimesh) -> trimesh.Trimesh:
    """The connected piece with the largest surface, without the loose ones."""
    faces = mesh.faces[piece_of_faces(mesh) == 0]
    used, renumbered = np.unique(faces, return_inverse=True)
    colours = _colours(mesh)[used]
    return trimesh.Trimesh(
        mesh.vertices[used], renumbered.reshape(faces.shape), vertex_colors=colours, process=False
    )


def _colours(mesh: trimesh.Trimesh) -> np.ndarray:
    assert isinstance(mesh.visual, ColorVisuals), "extract_mesh colours vertices"
    return np.asarray(mesh.visual.vertex_colors)


def linear_light(colours: np.ndarray) -> np.ndarray:
    """SRGB 0..255 → amounts of light 0..1, as glTF wants colours of vertices; float32."""
    encoded = np.asarray(colours, np.float32) / 255
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def save_mesh(path: Path, mesh: trimesh.Trimesh) -> None:
    """Write .ply, .obj or .glb, by the name of `path`; it appears complete or not at all.

    Colours are sRGB in .ply and .obj; in .glb they are linear light, on a rough material that is no metal.
    """
    with replacing(path) as temporary:
        if path.suffix == ".glb":
            temporary.write_bytes(_glb(mesh))
        else:
            mesh.export(str(temporary), file_type=path.suffix.removeprefix("."))


_LIGHT = "_LIGHT"
"""Attribute that becomes COLOR_0: trimesh writes colours in 8 bits, too coarse for dark linear light."""


def _glb(mesh: trimesh.Trimesh) -> bytes:
    light = linear_light(_colours(mesh)[:, :3]).astype(np.float32)
    material = PBRMaterial(metallicFactor=0.0, roughnessFactor=1.0)
    shaded = trimesh.Trimesh(
        mesh.vertices,
        mesh.faces,
        visual=TextureVisuals(material=material),
        vertex_attributes={_LIGHT: light},
        process=False,
    )
    written = export_glb(trimesh.Scene(shaded), tree_postprocessor=_name_colours)
    assert isinstance(written, bytes)
    return written


def _name_colours(tree: dict[str, Any]) -> None:
    for written in tree["meshes"]:
        for primitive in written["primitives"]:
            primitive["attributes"]["COLOR_0"] = primitive["attributes"].pop(_LIGHT)
