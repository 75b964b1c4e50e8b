"""Extract the surface of a generator's density as a coloured mesh."""

import dataclasses
import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import skimage.measure
import trimesh
from flax import nnx
from tqdm import tqdm
from trimesh.exchange.gltf import export_glb
from trimesh.visual import ColorVisuals, TextureVisuals
from trimesh.visual.material import PBRMaterial

from eg3d_flax import Compute
from eg3d_flax.decoder import Decoded
from jaxunlearn.batching import batches
from jaxunlearn.errors import InputError
from jaxunlearn.models.generator import Generator
from torch_bridge import replacing

FORMATS = (".ply", ".obj", ".glb")

_POINTS_AT_A_TIME = 2**16


@dataclasses.dataclass(frozen=True)
class Mesh:
    """The surface of each sample, in files of a plain name that ends in one of `FORMATS`.

    Attributes:
      name: the file.
      resolution: lattice nodes along each side.
      level: density at the surface.
      largest: True keeps only the largest piece.
    """

    name: Path
    resolution: int = 256
    level: float = 10.0
    largest: bool = False

    def extract(self, generator: Generator, ws: jax.Array, compute: Compute) -> trimesh.Trimesh:
        """Extract the surface of one latent, see `extract_mesh`."""
        return extract_mesh(generator, ws, resolution=self.resolution, level=self.level, compute=compute)


@functools.partial(jax.jit, static_argnums=(0, 1))
def _planes(graphdef: nnx.GraphDef, compute: Compute, state: nnx.State, ws: jax.Array) -> jax.Array:
    """Compute planes. The weights are an argument, so that one program serves all latents and generators."""
    return nnx.merge(graphdef, state).planes(ws, compute=compute)


@functools.partial(jax.jit, static_argnums=(0, 1))
def _query(
    graphdef: nnx.GraphDef, compute: Compute, state: nnx.State, planes: jax.Array, points: jax.Array
) -> Decoded:
    """Decode points `[1, M, 3]`; the planes are an argument for the same reason."""
    return nnx.merge(graphdef, state).query(planes, points, compute=compute)


def _decoded(
    generator: Generator,
    planes: jax.Array,
    count: int,
    points: Callable[[np.ndarray], np.ndarray],
    compute: Compute,
    title: str,
) -> Iterator[tuple[slice, Decoded]]:
    """Decode `count` points block by block; the whole lattice would fill the memory.

    Args:
      generator: its decoder is used.
      planes: `[1, 3, H, W, C]`.
      count: number of points.
      points: function from the numbers `[M]` of points to their places `[M, 3]`.
      compute: dtype and forms.
      title: of the progress bar.

    Yields:
      The numbers of a block's points as a slice, and their colours and densities `[M, ...]`.
    """
    graphdef, state = nnx.split(generator)

    def decode(numbers: np.ndarray) -> Decoded:
        block = jnp.asarray(points(numbers), jnp.float32)[None]
        return jax.tree.map(lambda x: x[0], _query(graphdef, compute, state, planes, block))

    blocks = batches(decode, count, _POINTS_AT_A_TIME)
    total = -(-count // _POINTS_AT_A_TIME)
    for k, decoded in enumerate(tqdm(blocks, total=total, desc=title, unit="block", leave=False)):
        start = k * _POINTS_AT_A_TIME
        yield slice(start, start + len(decoded.sigma)), decoded


def density_grid(generator: Generator, planes: jax.Array, resolution: int, *, compute: Compute) -> np.ndarray:
    """Return the density at the nodes of a cubic lattice: softplus(raw density - 1), as in ray marching.

    Args:
      generator: its decoder is used.
      planes: `[1, 3, H, W, C]`.
      resolution: nodes along each side of the box of the planes.
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
    generator: Generator,
    ws: jax.Array,
    *,
    resolution: int,
    level: float,
    compute: Compute,
) -> trimesh.Trimesh:
    """Extract the surface of one latent by marching cubes; the decoder colours the vertices.

    Args:
      generator: the generator.
      ws: `[1, num_ws, w_dim]`.
      resolution: lattice nodes along each side.
      level: density of the surface.
      compute: dtype and forms.

    Raises:
      InputError: if the density never crosses `level`.
    """
    graphdef, state = nnx.split(generator)
    planes = _planes(graphdef, compute, state, ws)
    density = density_grid(generator, planes, resolution, compute=compute)
    # The border counts as empty, so that the surface is closed where it touches the box.
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
    # marching_cubes orients faces for objects of lower values than their surroundings; this one is denser.
    return trimesh.Trimesh(vertices, faces[:, ::-1], vertex_colors=colours, process=False)


def piece_of_faces(mesh: trimesh.Trimesh) -> np.ndarray:
    """Return the number of each face's connected piece, `[F]`; 0 is the piece with the largest area."""
    vertices = trimesh.graph.connected_component_labels(mesh.edges, node_count=len(mesh.vertices))
    _, pieces = np.unique(vertices[mesh.faces[:, 0]], return_inverse=True)
    largest_first = np.argsort(-np.bincount(pieces, weights=mesh.area_faces), kind="stable")
    return np.argsort(largest_first)[pieces]


def largest_piece(mesh: trimesh.Trimesh) -> trimesh.Trimesh:
    """Return the connected piece with the largest area."""
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
    """Convert sRGB colours, 0 to 255, to linear light, 0 to 1, float32; glTF needs it for vertices."""
    encoded = np.asarray(colours, np.float32) / 255
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def save_mesh(path: Path, mesh: trimesh.Trimesh) -> None:
    """Write a mesh as .ply, .obj or .glb, by the suffix of `path`; the file appears complete or not at all.

    Colours are sRGB in .ply and .obj. In .glb they are linear light on a rough, non-metallic material.
    """
    with replacing(path) as temporary:
        if path.suffix == ".glb":
            temporary.write_bytes(_glb(mesh))
        else:
            mesh.export(str(temporary), file_type=path.suffix.removeprefix("."))


_LIGHT = "_LIGHT"
"""Attribute that becomes COLOR_0. trimesh would write 8-bit colours, too coarse for dark linear light."""


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
    content = export_glb(trimesh.Scene(shaded), tree_postprocessor=_name_colours)
    assert isinstance(content, bytes)
    return content


def _name_colours(tree: dict[str, Any]) -> None:
    for mesh in tree["meshes"]:
        for primitive in mesh["primitives"]:
            primitive["attributes"]["COLOR_0"] = primitive["attributes"].pop(_LIGHT)
