"""Files about an inversion: latents with their origin, figures, pictures. `N` photos."""

import dataclasses
import importlib.metadata
import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypedDict

import numpy as np
from flax import nnx

from eg3d_flax import GeneratorConfig
from jaxunlearn.files.door import read_json, write_json
from jaxunlearn.files.json_form import check_form
from jaxunlearn.files.names import distinct_file_names
from jaxunlearn.files.numpy_arrays import read_npz
from jaxunlearn.files.paths import local_path
from jaxunlearn.images import grid, save_png, to_uint8
from jaxunlearn.models.batched import embeddings
from jaxunlearn.models.cameras import views
from jaxunlearn.models.generator import fingerprint_of, latent_space_of
from jaxunlearn.models.latent_io import read_latents, read_provenance, write_latents
from jaxunlearn.models.loading import Models
from jaxunlearn.models.renderer import Renderer, default_compute, from_all_views
from jaxunlearn.photos.inversion.output import figures_file, in_one_file
from jaxunlearn.photos.inversion.plan import InversionPlan
from jaxunlearn.photos.inversion.search import Inversion
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
    """Return the figures of each of the images `[N, R, R, 3]` in [-1, 1], `batch` at a time."""
    reconstructed = np.clip(inversion.images, -1, 1)
    before, after = (embeddings(models.judge, x, batch) for x in (images, reconstructed))
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
    """Return a picture `[H, W, 3]` uint8 for each photo: itself, its reconstruction, and other views."""
    count, columns = len(images), len(YAWS)
    c = views(models.generator.config, np.array(YAWS), np.zeros(columns))
    turned = renderer(*from_all_views(inversion.ws, c)).image
    turned = turned.reshape(count, columns, *images.shape[1:])
    return [
        grid(to_uint8(np.concatenate([photo[None], made[None], others])), 2 + columns)
        for photo, made, others in zip(images, inversion.images, turned, strict=True)
    ]


def origin(models: Models, plan: InversionPlan) -> dict[str, Any]:
    """Return where latents and figures come from, apart from the photo."""
    encoder = plan.how.network
    return {
        "model": models.name,
        "fingerprint": models.fingerprint,
        "latent_space": latent_space_of(models.generator),
        "mean_latent": models.mean.origin,
        "method": plan.how.method,
        "encoder": plan.how.encoder,
        "encoder_sha256": encoder and fingerprint_of(nnx.merge(encoder.graph, encoder.state)),
        "encoder_input": encoder and plan.how.encoder_input,
        "settings": dataclasses.asdict(plan.settings),
        **models.networks_of_loss,
        "judge": models.judge.name,
        "judge_sha256": fingerprint_of(nnx.merge(models.judge.graph, models.judge.state)),
        "threshold": models.judge.threshold,
        "jaxunlearn_version": importlib.metadata.version("jaxunlearn"),
    }


class _PhotoJson(TypedDict):
    """What `inversion.json` says about a photo."""

    name: str
    lpips: float
    mse: float
    identity: float


class _InversionJson(TypedDict):
    """What is read of `inversion.json`."""

    seconds: float
    photographs: list[_PhotoJson]


class _Result(NamedTuple):
    """What was found for a photo."""

    figures: Figures
    ws: np.ndarray
    """`[L, D]`."""
    c: np.ndarray
    """`[25]`."""


class InversionReport:
    """The files of an inversion, which grow by each batch: latents, figures and pictures.

    An earlier call's results are kept where this call would find the same: photos with the same name and
    SHA-256, inverted by the same networks with the same settings.
    """

    def __init__(self, out: Path, models: Models, plan: InversionPlan) -> None:
        """Read what an earlier call found; writes nothing.

        Args:
          out: a folder for one file of latents per photo, or an .npz file for all latents.
          models: the models of the inversion.
          plan: the photos, and how they are inverted.

        Raises:
          InputError: if `out` is an address such as gs://bucket/name, or earlier files cannot be read.
        """
        self._out, self._models, self._plan = local_path(out), models, plan
        photos = plan.photos.photographs
        names = names_of(plan.photos.names)
        self._sources = [_source(name, photo) for name, photo in zip(names, photos, strict=True)]
        self._origin = origin(models, plan)
        self._renderer = Renderer(
            models.generator, batch=min(6, len(YAWS) * len(names)), compute=default_compute()
        )
        self._results: dict[int, _Result] = {}
        self._seconds, self._began = 0.0, time.perf_counter()
        if figures_file(self._out).exists():
            self._read()

    @property
    def rest(self) -> list[int]:
        """Numbers of the photos that have no result yet."""
        return [row for row in range(len(self._sources)) if row not in self._results]

    @property
    def figures(self) -> list[Figures]:
        """The figures of the photos that have a result, in their order."""
        return [self._results[row].figures for row in sorted(self._results)]

    @property
    def latents(self) -> list[Path]:
        """The files of latents."""
        return [path for path, _ in self._files(sorted(self._results))]

    def add(self, rows: Sequence[int], inversion: Inversion) -> None:
        """Measure a batch of photos and write its files.

        The latents come last: a photo is not searched again once they are there. The figures come first: a
        folder with pictures alone would count as somebody else's.
        """
        images = np.stack([self._plan.photos.photographs[row].image for row in rows])
        figures = measure(self._models, images, inversion, batch=min(8, len(self._sources)))
        drawn = pictures(self._models, images, inversion, self._renderer)
        results = map(_Result, figures, inversion.ws, inversion.c)
        self._results |= dict(zip(rows, results, strict=True))
        figures_file(self._out).parent.mkdir(parents=True, exist_ok=True)
        self._write_figures()
        for row, picture in zip(rows, drawn, strict=True):
            save_png(self._picture(row), picture)
        for path, some in self._files(sorted(self._results) if self._in_one else rows):
            self._write_latents(path, some)

    @property
    def _in_one(self) -> bool:
        return in_one_file(self._out)

    def _files(self, rows: Sequence[int]) -> list[tuple[Path, Sequence[int]]]:
        """Return the files of the latents of some photos, each with the numbers of its photos."""
        if self._in_one:
            return [(self._out, rows)]
        return [(self._out / f"{self._sources[row]['name']}.npz", [row]) for row in rows]

    def _picture(self, row: int) -> Path:
        name = f"{self._sources[row]['name']}.png"
        return self._out.with_name(f"{self._out.stem}_{name}") if self._in_one else self._out / name

    def _read(self) -> None:
        """Take over the results of an earlier call that this one would find again."""
        path, ours = figures_file(self._out), json.loads(json.dumps(self._origin))
        content = read_json(path)
        if not ours.items() <= content.items():
            return
        earlier = check_form(content, _InversionJson, path)
        self._seconds = earlier["seconds"]
        photos = {photo["name"]: photo for photo in earlier["photographs"]}
        for file, rows in self._files(self.rest):
            latents = _latents_in(file, ours, self._models.generator.config)
            for row in rows:
                source = self._sources[row]
                photo, found = photos.get(source["name"]), latents.get(json.dumps(source))
                if photo and found and source.items() <= photo.items() and self._picture(row).exists():
                    figures = Figures(photo["lpips"], photo["mse"], photo["identity"])
                    self._results[row] = _Result(figures, *found)

    def _write_figures(self) -> None:
        summary = {
            **self._origin,
            "seconds": round(self._seconds + time.perf_counter() - self._began, 2),
            "mean": dataclasses.asdict(means(self.figures)),
            "photographs": [
                {**self._sources[row], **dataclasses.asdict(self._results[row].figures)}
                for row in sorted(self._results)
            ],
            "left_out": [refused.reason for refused in self._plan.photos.refused],
        }
        write_json(figures_file(self._out), summary)

    def _write_latents(self, path: Path, rows: Sequence[int]) -> None:
        """Write the latents of some photos with their origin."""
        sources, results = [self._sources[row] for row in rows], [self._results[row] for row in rows]
        write_latents(
            path,
            np.stack([result.ws for result in results]),
            names=[source["name"] for source in sources],
            c=np.stack([result.c for result in results]),
            provenance={**self._origin, "photographs": sources},
        )


def _latents_in(
    path: Path, ours: Mapping[str, Any], config: GeneratorConfig
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return JSON about a photo's file → ws `[L, D]` and camera, if the latents of a file have our origin.

    Photos without SHA-256 are left out: another one may have the name.
    """
    if not path.exists() or not ours.items() <= (kept := read_provenance(path)).items():
        return {}
    ws, c = read_latents(path, config), read_npz(path).get("c", ())
    photos = zip(kept.get("photographs", []), ws, c, strict=False)
    return {json.dumps(photo): (w, camera) for photo, w, camera in photos if "sha256" in photo}


def _source(name: str, photo: Photograph) -> dict[str, str]:
    """Return what is written about a photo's file."""
    return {"name": name, "file": photo.name} | ({} if photo.sha256 is None else {"sha256": photo.sha256})
