"""Photographs of people whom no network was trained on, inverted in several ways, as a table and a picture.

    python -m benchmarks.inversion_heads
    python -m benchmarks.inversion_heads --people 4 --out /tmp/few --picture /tmp/few.png
    python -m benchmarks.inversion_heads --scenario celeba_like --out benchmarks/inversion_celeba_like

Writes the table `OUT.md`, the figures of every photograph `OUT.jsonl` (ways found there are not tried again
unless a picture is wanted), and with `--picture FILE` photographs above their reconstructions.
"""

import argparse
import dataclasses
import json
import time
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from eg3d_flax import Compute
from jaxunlearn.images import grid, save_png, to_uint8
from jaxunlearn.models.batched import embeddings
from jaxunlearn.models.loading import Models, load_models
from jaxunlearn.photos.inversion import InversionSettings
from jaxunlearn.photos.inversion_report import measure
from jaxunlearn.photos.invert import Method, encoder_for, invert_photographs, settings_for
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


def photographs(models: Models, scenario: str, people: int, views: int) -> np.ndarray:
    """Images `[N V, R, R, 3]` in [-1, 1]."""
    resolution = models.generator.config.img_resolution
    request = PhotographRequest(scenario, people, views, resolution, seed=SEED, first=FIRST)
    taken = photograph(request)
    image = (on_white(taken) if scenario in PLAIN else taken).image
    return image.reshape(-1, *image.shape[2:]).astype(np.float32) / 127.5 - 1


def try_way(
    models: Models, way: Way, images: np.ndarray, views: int
) -> tuple[list[dict[str, Any]], np.ndarray]:
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


def table(lines: list[dict[str, Any]], models: Models, command: str) -> str:
    """Return the results as markdown."""
    threshold = models.judge.threshold
    assert threshold is not None
    count = max(line["photograph"] for line in lines) + 1
    people = max(line["person"] for line in lines) + 1
    text = [
        "# Inversion on the bundled model",
        "",
        f"`{command}`, on {processor()} shared with other work.",
        f"{count} photos of {people} people (scenario `{lines[0]['scenario']}`) whom no network was trained "
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


def main() -> None:
    """Run and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scenario", default="album")
    parser.add_argument("--people", type=int, default=32)
    parser.add_argument("--views", type=int, default=2)
    parser.add_argument("--ways", nargs="+", choices=list(WAYS), default=list(WAYS))
    parser.add_argument("--out", type=Path, default=Path("benchmarks/inversion_heads"))
    parser.add_argument("--picture", type=Path)
    arguments = parser.parse_args()
    path = arguments.out.with_suffix(".jsonl")
    models = load_models("heads")
    images = photographs(models, arguments.scenario, arguments.people, arguments.views)
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    rows = [images[:SHOWN]]
    for name in arguments.ways:
        if any(line["way"] == name for line in lines) and not arguments.picture:
            continue
        found, shown = try_way(models, WAYS[name], images, arguments.views)
        rows.append(shown[:SHOWN])
        lines = [line for line in lines if line["way"] != name] + [
            {
                "way": name,
                "scenario": arguments.scenario,
                "person": k // arguments.views,
                "photograph": k,
                **{key: round(value, 5) for key, value in figures.items()},
            }
            for k, figures in enumerate(found)
        ]
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    if arguments.picture:
        save_png(arguments.picture, grid(to_uint8(np.concatenate(rows)), SHOWN))
    command = "python -m benchmarks.inversion_heads"
    tried = [way for way in WAYS if any(line["way"] == way for line in lines)]
    if len(tried) < len(WAYS):
        command += " --ways " + " ".join(f'"{way}"' for way in tried)
    if arguments.scenario != "album":
        command += f" --scenario {arguments.scenario} --people {arguments.people} --out {arguments.out}"
    arguments.out.with_suffix(".md").write_text(table(lines, models, command))


if __name__ == "__main__":
    main()
