"""Files of what a run did: images, videos, meshes; and the limits of what may be asked for."""

import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import jax.numpy as jnp
import trimesh

from eg3d_flax import Compute
from jaxunlearn.errors import InputError
from jaxunlearn.images import save_png
from jaxunlearn.methods.config import from_config
from jaxunlearn.models.generator import Generator
from jaxunlearn.reporting.before_after import ROWS, YAWS, RunPictures
from jaxunlearn.reporting.samples import save_pieces
from jaxunlearn.reporting.surface import Mesh
from jaxunlearn.reporting.video import Video, save_video
from jaxunlearn.training.result import Result, finished, said_diverged
from jaxunlearn.training.storage.networks_of_run import source_of
from jaxunlearn.training.storage.run_dir import RunFolder

MOST_BYTES = 8 * 2**30
"""Most memory for the images of one grid or video, which are there until it is written."""
_COPIES = 3
"""Times that each image is in memory at most: as rendered, in the grid, and in the encoder's form."""


class Written(NamedTuple):
    """A file that was written, with a line about it if there is something to know."""

    path: Path
    note: str | None = None


def check_name(text: str, formats: Sequence[str], option: str) -> Path:
    """Return a file name that is plain and ends in one of the formats.

    Raises:
      InputError: naming the option, otherwise.
    """
    name = Path(text)
    if name.suffix not in formats or name.name != text:
        raise InputError(f"{option} {text}: give a plain name that ends in {' or '.join(formats)}")
    return name


def check_size(samples: int, side: int, counts: dict[str, int]) -> None:
    """Refuse more images than fit into memory.

    Args:
      samples: number of samples, or of a run's rows.
      side: pixels along each side of an image.
      counts: option → number of images that it asks for per sample.

    Raises:
      InputError: naming the option.
    """
    for option, each in counts.items():
        size = samples * each * side**2 * 3 * _COPIES
        if size > MOST_BYTES:
            raise InputError(
                f"{option}: {samples} times {each} images take {size / 2**30:.0f} GB of memory, more than "
                f"{MOST_BYTES / 2**30:.0f} GB; give fewer"
            )


def render_run(
    folder: RunFolder,
    *,
    model: str | None = None,
    yaws: Sequence[float] = YAWS,
    video: Video | None = None,
    mesh: Mesh | None = None,
) -> Iterator[Written]:
    """Render the people of a finished run before and after, and their targets, into the run folder.

    People whose generator diverged are left out.

    Args:
      folder: the run.
      model: the source generator, if its file has moved since the run.
      yaws: columns of each person's picture, degrees.
      video: an orbit of before, target and after, if one is wanted.
      mesh: the surfaces before and after, if they are wanted.

    Returns:
      Each file, when it has been written.

    Raises:
      InputError: if the run is not finished, the source generator is another one, there are too many views
        or frames, or the density nowhere reaches the level of the mesh.

    Warns:
      UserWarning: if people are left out.
    """
    source = source_of(folder, model=model)
    frames = {} if video is None else {"--frames": video.frames}
    check_size(ROWS, source.config.img_resolution, {"--yaw": len(yaws), **frames})
    result = finished(folder, source)
    compute = from_config.compute(folder.config)
    pictures = RunPictures(source, result, compute)
    if result.diverged:
        warnings.warn(f"left out: {said_diverged(result.people.subjects, result.diverged)}", stacklevel=2)
    for k in sorted({*range(len(result.ws))} - result.diverged):
        surfaces = {}
        if mesh is not None:  # first: only the densities tell whether there is a surface
            surfaces = _surfaces(source, result, k, mesh, compute)
        save_png(folder.person_picture(k), pictures.person(k, yaws))
        yield Written(folder.person_picture(k))
        if video is not None:
            path = folder.images / video.name.with_stem(f"{video.name.stem}{k:04d}")
            save_video(path, pictures.orbit(k, video.frames), fps=video.fps)
            yield Written(path)
        for when, piece in surfaces.items():
            assert mesh is not None
            path = folder.images / mesh.name.with_stem(f"{mesh.name.stem}{k:04d}_{when}")
            yield Written(path, save_pieces(path, piece, largest=mesh.largest))


def _surfaces(
    source: Generator, result: Result, person: int, mesh: Mesh, compute: Compute
) -> dict[str, trimesh.Trimesh]:
    """Return a person's surfaces "before" and "after" a run."""
    ws = jnp.asarray(result.ws[person])[None]
    sides = {"before": source, "after": result.generator_of(person)}
    return {when: mesh.extract(generator, ws, compute) for when, generator in sides.items()}
