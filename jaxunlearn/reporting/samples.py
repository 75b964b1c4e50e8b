"""Render latents and write the pictures, films and meshes into a folder."""

from collections.abc import Sequence
from pathlib import Path

import jax
import numpy as np
import trimesh

from eg3d_flax import Compute
from jaxunlearn.images import Grid, depth_to_uint8, grid, save_png
from jaxunlearn.models.cameras import orbit, views
from jaxunlearn.models.generator import Generator
from jaxunlearn.models.renderer import Renderer
from jaxunlearn.reporting.render import render_views, views_in_batches
from jaxunlearn.reporting.surface import Mesh, largest_piece, piece_of_faces, save_mesh
from jaxunlearn.reporting.video import Video, save_video

_GRID_COLUMNS = 8


class SampleFiles:
    """Render latents and write files. The folder is made with the first file.

    Args:
      generator: the generator.
      renderer: of the generator.
      ws: `[N, num_ws, w_dim]`.
      labels: `N` names for the files.
      folder: where files are written.

    Attributes:
      written: paths of the files so far, the most important first.
      notes: lines about the files, for the user.
    """

    def __init__(
        self, generator: Generator, renderer: Renderer, ws: jax.Array, labels: list[str], folder: Path
    ):
        self._generator, self._renderer = generator, renderer
        self._ws, self._labels, self._folder = ws, labels, folder
        self.written: list[Path] = []
        self.notes: list[str] = []

    def write(
        self,
        angles: Sequence[tuple[float, float]],
        *,
        depth: bool = False,
        video: Video | None = None,
        mesh: Mesh | None = None,
        compute: Compute,
    ) -> None:
        """Write an image of each view, `grid.png`, and a video and meshes if they are wanted.

        Args:
          angles: (yaw, pitch) of each view, in radians of the official sampler.
          depth: True writes depth images, too.
          video: the orbit, if one is wanted.
          mesh: the surfaces, if they are wanted.
          compute: dtype and forms for the surfaces.

        Raises:
          InputError: if the density nowhere reaches the level of the mesh; before anything is written.
        """
        if mesh is not None:  # first: only the densities tell whether there is a surface
            self.meshes(mesh, compute)
        self.views(angles, depth=depth)
        if video is not None:
            self.orbits(video)

    def views(self, angles: Sequence[tuple[float, float]], *, depth: bool = False) -> None:
        """Write one file for each latent and view when it is rendered, and all of them in `grid.png`.

        Args:
          angles: (yaw, pitch) of each view, in radians of the official sampler.
          depth: True writes depth images, too.
        """
        yaw, pitch = np.array(angles).T
        c = views(self._generator.config, yaw, pitch)
        several = len(angles) > 1
        turned = [f"_view{view:02d}" if several else "" for view in range(len(angles))]
        names = [f"{label}{view}" for label in self._labels for view in turned]
        columns = len(angles) if several else min(len(names), _GRID_COLUMNS)
        together, depths = Grid(len(names), columns), []
        rest = iter(names)
        for images, of_images in views_in_batches(self._renderer, self._ws, c, "images"):
            for image in images:
                self._save(f"{next(rest)}.png", image)
                together.add(image)
            depths += [of_images] if depth else []
        if depth:
            self._depths(names, depth_to_uint8(np.concatenate(depths)), columns)
        self._save("grid.png", together.picture(), first=True)

    def _depths(self, names: list[str], grey: np.ndarray, columns: int) -> None:
        """Write the depth images, which have one scale: it is known when all are rendered."""
        for name, image in zip(names, grey, strict=True):
            self._save(f"{name}_depth.png", image)
        self._save("depth_grid.png", grid(grey, columns), first=True)

    def orbits(self, video: Video) -> None:
        """Write one film of all latents side by side."""
        c = orbit(self._generator.config, video.frames)
        films = []
        for i, label in enumerate(self._labels):
            films.append(render_views(self._renderer, self._ws[i : i + 1], c, f"orbit {label}"))
        columns = min(len(films), _GRID_COLUMNS)
        side_by_side = [grid(np.stack(cells), columns) for cells in zip(*films, strict=True)]
        self._folder.mkdir(parents=True, exist_ok=True)
        save_video(self._folder / video.name, np.stack(side_by_side), fps=video.fps)
        self.written.insert(0, self._folder / video.name)

    def meshes(self, mesh: Mesh, compute: Compute) -> None:
        """Write one mesh for each latent; with several latents, each file's name ends with the label.

        Raises:
          InputError: if the density never crosses the level.
        """
        name = mesh.name
        for i, label in enumerate(self._labels):
            file = name if len(self._labels) == 1 else name.with_stem(f"{name.stem}_{label}")
            surface = mesh.extract(self._generator, self._ws[i : i + 1], compute)
            self._folder.mkdir(parents=True, exist_ok=True)
            note = save_pieces(self._folder / file, surface, largest=mesh.largest)
            self.notes += [] if note is None else [note]
            self.written.append(self._folder / file)

    def _save(self, name: str, image: np.ndarray, *, first: bool = False) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        save_png(self._folder / name, image)
        self.written.insert(0 if first else len(self.written), self._folder / name)


def save_pieces(path: Path, mesh: trimesh.Trimesh, *, largest: bool) -> str | None:
    """Write a mesh, whole or only its largest piece.

    Args:
      path: file to write.
      mesh: the surface.
      largest: True drops loose pieces.

    Returns:
      A line about loose pieces; None if there are none.
    """
    loose = int(piece_of_faces(mesh).max())
    save_mesh(path, largest_piece(mesh) if largest and loose else mesh)
    if not loose:
        return None
    pieces = f"{loose} loose piece{'s' if loose > 1 else ''}"
    return f"{path}: {pieces} dropped" if largest else f"{path}: has {pieces}; --mesh-largest drops them"
