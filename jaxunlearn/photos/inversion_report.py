"""What an inversion leaves behind: latents with their origin, figures, pictures. `N` photographs."""

import dataclasses
import importlib.metadata
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxunlearn.files.door import local_path, write_json
from jaxunlearn.files.names import distinct_file_names
from jaxunlearn.images import grid, save_png, to_uint8
from jaxunlearn.models.batched import embeddings
from jaxunlearn.models.cameras import views
from jaxunlearn.models.files.pretrained import sha256
from jaxunlearn.models.latent_io import write_latents
from jaxunlearn.models.loading import Models
from jaxunlearn.models.renderer import Renderer
from jaxunlearn.photos.inversion import Inversion, InversionSettings
from jaxunlearn.photos.invert import EncoderInput
from jaxunlearn.photos.sources import Photograph
from jaxunlearn.terminal import escaped

YAWS = (-0.5, 0.0, 0.5)
"""Other views in the pictures, radians."""


@dataclasses.dataclass(frozen=True)
class Figures:
    """How like a photograph its reconstruction is.

    Attributes:
      lpips: distance by the LPIPS network of the loss.
      mse: mean squared difference of images in [-1, 1].
      identity: cosine by the network that measures, which no loss has seen.
    """

    lpips: float
    mse: float
    identity: float


def measure(models: Models, images: np.ndarray, found: Inversion, *, batch: int = 8) -> list[Figures]:
    """Figures of each of the images `[N, R, R, 3]`."""
    shown = np.clip(found.images, -1, 1)
    photographed, made = (embeddings(models.judge, x, min(batch, len(x))) for x in (images, shown))
    cosines = np.sum(photographed * made, axis=-1)
    return [Figures(*map(float, row)) for row in zip(found.perceptual, found.squared, cosines, strict=True)]


def means(figures: Sequence[Figures]) -> Figures:
    """The mean of each figure."""
    return Figures(*np.mean([dataclasses.astuple(of_one) for of_one in figures], axis=0).tolist())


def table(names: Sequence[str], figures: Sequence[Figures], judge: str, threshold: float | None) -> str:
    """A line for each photograph, and their means if there are several."""
    rows = list(zip(map(_on_one_line, names), figures, strict=True))
    if len(rows) > 1:
        rows.append(("mean", means(figures)))
    width = max(len(name) for name, _ in rows)
    lines = [f"{'':{width}}   LPIPS     MSE  identity"]
    lines += [f"{name:{width}}  {of.lpips:6.3f}  {of.mse:6.4f}  {of.identity:8.3f}" for name, of in rows]
    same = "" if threshold is None else f"; one person from {threshold:.2f} on"
    return "\n".join([*lines, f"identity: similarity by {judge}{same}"])


def _on_one_line(name: str, longest: int = 40) -> str:
    """A name for a table: no control characters, and cut in the middle where it is long."""
    shown = escaped(name)
    half = longest // 2
    return shown if len(shown) <= longest else f"{shown[:half]}…{shown[1 - half :]}"


def names_of(photographs: Sequence[str]) -> list[str]:
    """For each photograph's name, such as `ada/1.png`, one that is good for files of our own; none twice."""
    return distinct_file_names([os.path.splitext(photograph)[0] for photograph in photographs])


def pictures(models: Models, images: np.ndarray, found: Inversion, renderer: Renderer) -> list[np.ndarray]:
    """For each photograph: itself, its reconstruction, and other views, side by side; uint8."""
    count, columns = len(images), len(YAWS)
    c = jnp.tile(views(models.generator.config, np.array(YAWS), np.zeros(columns)), (count, 1))
    turned = renderer(jnp.repeat(jnp.asarray(found.ws), columns, axis=0), c).image
    turned = turned.reshape(count, columns, *images.shape[1:])
    return [
        grid(to_uint8(np.concatenate([photo[None], made[None], others])), 2 + columns)
        for photo, made, others in zip(images, found.images, turned, strict=True)
    ]


def origin(
    models: Models,
    method: str,
    encoder: str | None,
    settings: InversionSettings,
    encoder_input: EncoderInput = "crop",
) -> dict[str, Any]:
    """Where latents come from, apart from the photograph."""
    return {
        "model": models.name,
        "fingerprint": models.fingerprint,
        "method": method,
        "encoder": encoder,
        "encoder_input": encoder and encoder_input,
        "settings": dataclasses.asdict(settings),
        "perceptual": models.perceptual_name,
        "identity": models.identity.name,
        "judge": models.judge.name,
        "threshold": models.judge.threshold,
        "jaxunlearn_version": importlib.metadata.version("jaxunlearn"),
    }


def save(
    out: Path,
    photographs: Sequence[Photograph],
    found: Inversion,
    figures: Sequence[Figures],
    pictures: Sequence[np.ndarray],
    origin: Mapping[str, Any],
    *,
    seconds: float,
    refused: Sequence[str],
) -> list[Path]:
    """Write latents, figures and pictures.

    Args:
      out: a folder for a file of latents each, or the .npz file for all latents.
      photographs: what was inverted.
      found: what came out.
      figures: how good it is.
      pictures: of each.
      origin: see `origin`.
      seconds: that it took.
      refused: lines about files that could not be used.

    Returns:
      The files of latents.

    Raises:
      InputError: if `out` is an address such as gs://bucket/name.
    """
    out = local_path(out)
    names = names_of([photograph.name for photograph in photographs])
    sources = [
        {"name": name, "file": photograph.name}
        | ({} if photograph.path is None else {"sha256": sha256(photograph.path)})
        for name, photograph in zip(names, photographs, strict=True)
    ]
    if out.suffix == ".npz":
        out.parent.mkdir(parents=True, exist_ok=True)
        written, summary = [out], out.with_suffix(".json")
        write_latents(out, found.ws, names=names, c=found.c, provenance={**origin, "photographs": sources})
    else:
        out.mkdir(parents=True, exist_ok=True)
        written, summary = [out / f"{name}.npz" for name in names], out / "inversion.json"
        for k, path in enumerate(written):
            of_one = slice(k, k + 1)
            provenance = {**origin, "photographs": sources[of_one]}
            write_latents(
                path, found.ws[of_one], names=names[of_one], c=found.c[of_one], provenance=provenance
            )
    for name, picture in zip(names, pictures, strict=True):
        save_png(summary.parent / _picture_name(out, name), picture)
    about = {
        **origin,
        "seconds": round(seconds, 2),
        "mean": dataclasses.asdict(means(figures)),
        "photographs": [
            {**source, **dataclasses.asdict(of)} for source, of in zip(sources, figures, strict=True)
        ],
        "left_out": list(refused),
    }
    write_json(summary, about)
    return written


def _picture_name(out: Path, name: str) -> str:
    return f"{out.stem}_{name}.png" if out.suffix == ".npz" else f"{name}.png"
