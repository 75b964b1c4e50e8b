"""Photographs of people whom no network was trained on, inverted in several ways, as a table and a picture.

    python -m benchmarks.inversion_heads
    python -m benchmarks.inversion_heads --people 4 --out /tmp/few --picture /tmp/few.png
    python -m benchmarks.inversion_heads --scenario celeba_like --out benchmarks/inversion_celeba_like

Writes the table `OUT.md`, the figures of every photograph `OUT.jsonl` (ways found there are not tried again
unless a picture is wanted), and with `--picture FILE` photographs above their reconstructions. A file has one
set of photographs; others need another `--out`.
"""

import argparse
import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from eg3d_flax import Compute
from jaxunlearn.files.door import write_text
from jaxunlearn.files.json_lines import read_json_lines, write_json_lines
from jaxunlearn.images import grid, save_png, to_uint8
from jaxunlearn.models.batched import embeddings
from jaxunlearn.models.loading import Models, load_models
from jaxunlearn.photos.inversion.choice import Method, encoder_for, settings_for
from jaxunlearn.photos.inversion.images import invert_photographs
from jaxunlearn.photos.inversion.report import measure
from jaxunlearn.photos.inversion.search import InversionSettings
from jaxunlearn.profiling.devices import processor
from jaxunlearn.zoo.synthetic.photographs import HELD_OUT_FIRST, PhotographRequest, photograph
from jaxunlearn.zoo.training.encoder_data import PLAIN
from jaxunlearn.zoo.training.generator_data import on_white

FIRST = HELD_OUT_FIRST + 512
"""Number of the first person: beyond those whom training was watched on."""
SEED = 0
SHOWN = 6


class Way(NamedTuple):
    """A method, and which of its settings differ from those that `invert` takes."""

    method: Method
    changes: dict[str, Any]


WAYS = {
    "encoder": Way("encoder", {}),
    "hybrid, 10 steps": Way("hybrid", {"steps": 10}),
    "hybrid, 20 steps": Way("hybrid", {}),
    "hybrid, 20 steps, all rays": Way("hybrid", {"rays": None}),
    "optimize, 20 steps": Way("optimize", {"steps": 20}),
    "optimize, 40 steps": Way("optimize", {}),
}


OUT = Path("benchmarks/inversion_heads")
Line = dict[str, Any]


class Photographs(NamedTuple):
    """Which photographs are inverted."""

    scenario: str = "album"
    people: int = 32
    views: int = 2


def photographs_of(lines: Sequence[Line]) -> Photographs:
    """Return which photographs the lines of a file are of."""
    people = max(line["person"] for line in lines) + 1
    count = max(line["photograph"] for line in lines) + 1
    return Photographs(lines[0]["scenario"], people, count // people)


def images_of(models: Models, wanted: Photographs) -> np.ndarray:
    """Images `[N V, R, R, 3]` in [-1, 1]."""
    resolution = models.generator.config.img_resolution
    request = PhotographRequest(*wanted, resolution, seed=SEED, first=FIRST)
    taken = photograph(request)
    image = (on_white(taken) if wanted.scenario in PLAIN else taken).image
    return image.reshape(-1, *image.shape[2:]).astype(np.float32) / 127.5 - 1


def try_way(models: Models, way: Way, images: np.ndarray, views: int) -> tuple[list[Line], np.ndarray]:
    """Figures of every photograph, and reconstructions; seconds are of one core, after compilation."""
    encoder = None if way.method == "optimize" else encoder_for(models)
    compute = Compute.for_platform(jax.default_backend())
    settings = dataclasses.replace(settings_for(way.method, models), **way.changes)
    once = dataclasses.replace(settings, steps=min(1, settings.steps), camera_steps=1)

    def run(some: np.ndarray, settings: InversionSettings) -> Any:
        return invert_photographs(
            models, some, way.method, encoder=encoder, settings=settings, compute=compute
        )

    run(images[: settings.batch], once)
    began = time.process_time()
    found = run(images, settings)
    seconds = (time.process_time() - began) / len(images)
    others = np.roll(images.reshape(-1, views, *images.shape[1:]), 1, axis=1).reshape(images.shape)
    shown = np.clip(found.images, -1, 1)
    seen, of_others = (embeddings(models.judge, x, 8) for x in (shown, others))
    lines = [
        {**dataclasses.asdict(figures), "identity_other": float(np.sum(a * b)), "seconds": round(seconds, 3)}
        for figures, a, b in zip(measure(models, images, found), seen, of_others, strict=True)
    ]
    return lines, shown


def command_of(lines: Sequence[Line], out: Path) -> str:
    """Return the command that makes the lines."""
    command = "python -m benchmarks.inversion_heads"
    tried = [way for way in WAYS if any(line["way"] == way for line in lines)]
    if len(tried) < len(WAYS):
        command += " --ways " + " ".join(f'"{way}"' for way in tried)
    for (name, usual), value in zip(Photographs()._asdict().items(), photographs_of(lines), strict=True):
        if value != usual:
            command += f" --{name} {value}"
    return command if out == OUT else f"{command} --out {out}"


def table(lines: Sequence[Line], models: Models, out: Path) -> str:
    """Return the results as markdown."""
    threshold = models.judge.threshold
    assert threshold is not None
    scenario, people, views = photographs_of(lines)
    text = [
        "# Inversion on the bundled model",
        "",
        f"`{command_of(lines, out)}`, on {processor()} shared with other work.",
        f"{people * views} photos of {people} people (scenario `{scenario}`) whom no network was trained "
        "on, cameras unknown. A cell is the mean ± standard deviation over photos. Identity is the "
        "similarity of the reconstruction with the photo, and with another photo of the same person. It is "
        f"by the {models.judge.name} (one person from {threshold:.3f} on), which no loss and no training of "
        "the encoder used. MSE is that of images in [-1, 1]. CPU seconds are those of one core, without "
        "compilation.",
        "",
        "| | identity ↑ | one person | other photo ↑ | LPIPS ↓ | MSE ↓ | CPU seconds a photo |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for way in WAYS:
        of_way = [line for line in lines if line["way"] == way]
        if not of_way:
            continue
        columns = {name: np.array([line[name] for line in of_way]) for name in of_way[0] if name in FIGURES}
        cells = [f"{columns[name].mean():.3f} ± {columns[name].std():.3f}" for name in FIGURES]
        accepted = f"{int((columns['identity'] > threshold).sum())} of {len(of_way)}"
        cells = [way, cells[0], accepted, *cells[1:], f"{of_way[0]['seconds']:.2f}"]
        text.append(f"| {' | '.join(cells)} |")
    return "\n".join(text) + "\n"


FIGURES = ("identity", "identity_other", "lpips", "mse")


def lines_of(way: str, wanted: Photographs, figures: Sequence[Line]) -> list[Line]:
    """Return the lines of a way's figures, photograph by photograph."""
    return [
        {
            "way": way,
            "scenario": wanted.scenario,
            "person": k // wanted.views,
            "photograph": k,
            **{key: round(value, 5) for key, value in each.items()},
        }
        for k, each in enumerate(figures)
    ]


def main(arguments: list[str] | None = None) -> None:
    """Run and write."""
    usual = Photographs()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scenario", default=usual.scenario)
    parser.add_argument("--people", type=int, default=usual.people)
    parser.add_argument("--views", type=int, default=usual.views)
    parser.add_argument("--ways", nargs="+", choices=list(WAYS), default=list(WAYS))
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--picture", type=Path)
    asked = parser.parse_args(arguments)
    path, wanted = asked.out.with_suffix(".jsonl"), Photographs(asked.scenario, asked.people, asked.views)
    lines = read_json_lines(path, dict[str, Any])
    if lines and (there := photographs_of(lines)) != wanted:
        options = " ".join(f"--{name} {value}" for name, value in there._asdict().items())
        parser.error(f"{path}: holds other photographs; give another --out, or {options}")
    models = load_models("heads")
    images = images_of(models, wanted)
    rows = [images[:SHOWN]]
    for name in asked.ways:
        if any(line["way"] == name for line in lines) and not asked.picture:
            continue
        found, shown = try_way(models, WAYS[name], images, wanted.views)
        rows.append(shown[:SHOWN])
        lines = [line for line in lines if line["way"] != name] + lines_of(name, wanted, found)
        write_json_lines(path, lines)
    if asked.picture:
        save_png(asked.picture, grid(to_uint8(np.concatenate(rows)), SHOWN))
    write_text(asked.out.with_suffix(".md"), table(lines, models, asked.out))


if __name__ == "__main__":
    main()
