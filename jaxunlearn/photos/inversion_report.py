"""Files about an inversion: latents with their origin, figures, pictures. `N` photos."""

import dataclasses
import importlib.metadata
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from eg3d_flax import Compute
from jaxunlearn.files.door import write_json
from jaxunlearn.files.names import distinct_file_names
from jaxunlearn.files.paths import local_path
from jaxunlearn.images import grid, save_png, to_uint8
from jaxunlearn.models.batched import embeddings
from jaxunlearn.models.cameras import views
from jaxunlearn.models.generator import latent_space_of
from jaxunlearn.models.latent_io import write_latents
from jaxunlearn.models.loading import Models
from jaxunlearn.models.renderer import Renderer, default_compute
from jaxunlearn.photos.inversion import Inversion
from jaxunlearn.photos.inversion_files import figures_file
from jaxunlearn.photos.photo_inversion import InvertedPhotos
from jaxunlearn.photos.sources import Photograph
from jaxunlearn.terminal import escaped

YAWS = (-0.5, 0.0, 0.5)
"""Yaws of the other views in the pictures, radians."""


@dataclasses.dataclass(frozen=True)
class Figures:
    """Similarity of a photo and its reconstruction.

    Attributes:
      lpips: distance by the LPIPS network of the loss.
      mse: mean squared difference of images in [-1, 1].
      identity: cosine by the judge, a network that no loss uses.
    """

    lpips: float
    mse: float
    identity: float


def measure(models: Models, images: np.ndarray, inversion: Inversion, *, batch: int = 8) -> list[Figures]:
    """Return the figures of each of the images `[N, R, R, 3]` in [-1, 1]."""
    reconstructed = np.clip(inversion.images, -1, 1)
    before, after = (embeddings(models.judge, x, min(batch, len(x))) for x in (images, reconstructed))
    cosines = np.sum(before * after, axis=-1)
    rows = zip(inversion.perceptual, inversion.squared, cosines, strict=True)
    return [Figures(*map(float, row)) for row in rows]


def means(figures: Sequence[Figures]) -> Figures:
    """Return the mean of each figure."""
    return Figures(*np.mean([dataclasses.astuple(each) for each in figures], axis=0).tolist())


def table(names: Sequence[str], figures: Sequence[Figures], judge: str, threshold: float | None) -> str:
    """Return a line for each photo, and a line of means if there are several."""
    rows = list(zip(map(_on_one_line, names), figures, strict=True))
    if len(rows) > 1:
        rows.append(("mean", means(figures)))
    width = max(len(name) for name, _ in rows)
    lines = [f"{'':{width}}   LPIPS     MSE  identity"]
    lines += [
        f"{name:{width}}  {each.lpips:6.3f}  {each.mse:6.4f}  {each.identity:8.3f}" for name, each in rows
    ]
    same = "" if threshold is None else f"; the same person from {threshold:.2f}"
    return "\n".join([*lines, f"identity: similarity by {judge}{same}"])


def _on_one_line(name: str, longest: int = 40) -> str:
    """Return a name for a table: without control characters, and cut in the middle if it is long."""
    safe = escaped(name)
    half = longest // 2
    return safe if len(safe) <= longest else f"{safe[:half]}…{safe[1 - half :]}"


def names_of(photos: Sequence[str]) -> list[str]:
    """Return a different file name for each photo's name, such as `ada/1.png`, without a suffix."""
    return distinct_file_names([os.path.splitext(photo)[0] for photo in photos])


def pictures(
    models: Models, images: np.ndarray, inversion: Inversion, renderer: Renderer
) -> list[np.ndarray]:
    """Return a picture for each photo: itself, its reconstruction, and other views, side by side; uint8."""
    count, columns = len(images), len(YAWS)
    c = jnp.tile(views(models.generator.config, np.array(YAWS), np.zeros(columns)), (count, 1))
    turned = renderer(jnp.repeat(jnp.asarray(inversion.ws), columns, axis=0), c).image
    turned = turned.reshape(count, columns, *images.shape[1:])
    return [
        grid(to_uint8(np.concatenate([photo[None], made[None], others])), 2 + columns)
        for photo, made, others in zip(images, inversion.images, turned, strict=True)
    ]


def origin(models: Models, inverted: InvertedPhotos) -> dict[str, Any]:
    """Return where latents come from, apart from the photo."""
    return {
        "model": models.name,
        "fingerprint": models.fingerprint,
        "latent_space": latent_space_of(models.generator),
        "mean_latent": models.mean.origin,
        "method": inverted.method,
        "encoder": inverted.encoder,
        "encoder_input": inverted.encoder and inverted.encoder_input,
        "settings": dataclasses.asdict(inverted.settings),
        "perceptual": models.perceptual_name,
        "identity": models.identity.name,
        "judge": models.judge.name,
        "threshold": models.judge.threshold,
        "jaxunlearn_version": importlib.metadata.version("jaxunlearn"),
    }


def save(
    out: Path,
    models: Models,
    inverted: InvertedPhotos,
    figures: Sequence[Figures],
    *,
    compute: Compute | None = None,
) -> list[Path]:
    """Write latents, figures and pictures.

    Args:
      out: a folder for one file of latents per photo, or an .npz file for all latents.
      models: the models of the inversion.
      inverted: the result.
      figures: see `measure`.
      compute: dtype and forms of the pictures; None takes `renderer.default_compute`.

    Returns:
      The files of latents.

    Raises:
      InputError: if `out` is an address such as gs://bucket/name.
    """
    out = local_path(out)
    in_one = out.suffix == ".npz"
    names, about = names_of(inverted.names), origin(models, inverted)
    sources = [_source(name, photo) for name, photo in zip(names, inverted.photos.photographs, strict=True)]
    renderer = Renderer(
        models.generator, batch=min(6, len(YAWS) * len(names)), compute=compute or default_compute()
    )
    drawn = pictures(models, inverted.images, inverted.inversion, renderer)
    (out.parent if in_one else out).mkdir(parents=True, exist_ok=True)
    written = _write_latents(out, inverted.inversion, names, about, sources)
    for name, picture in zip(names, drawn, strict=True):
        save_png(out.with_name(f"{out.stem}_{name}.png") if in_one else out / f"{name}.png", picture)
    summary = {
        **about,
        "seconds": round(inverted.seconds, 2),
        "mean": dataclasses.asdict(means(figures)),
        "photographs": [
            {**source, **dataclasses.asdict(each)} for source, each in zip(sources, figures, strict=True)
        ],
        "left_out": [refused.reason for refused in inverted.photos.refused],
    }
    write_json(figures_file(out), summary)
    return written


def _source(name: str, photo: Photograph) -> dict[str, str]:
    """Return what is written about a photo's file."""
    return {"name": name, "file": photo.name} | ({} if photo.sha256 is None else {"sha256": photo.sha256})


def _write_latents(
    out: Path,
    inversion: Inversion,
    names: Sequence[str],
    about: Mapping[str, Any],
    sources: Sequence[Mapping[str, str]],
) -> list[Path]:
    """Write latents with their origin, all into one .npz file or each into its own; returns the files."""
    if out.suffix == ".npz":
        groups = [(out, slice(None))]
    else:
        groups = [(out / f"{name}.npz", slice(k, k + 1)) for k, name in enumerate(names)]
    for path, rows in groups:
        provenance = {**about, "photographs": sources[rows]}
        write_latents(path, inversion.ws[rows], names=names[rows], c=inversion.c[rows], provenance=provenance)
    return [path for path, _ in groups]
