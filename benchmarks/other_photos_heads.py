"""How often a judge takes an inverted photo of a person for them in the source, before anything is forgotten.

    python -m benchmarks.other_photos_heads --people 16         # under a minute a person on one core

A person is looked for in their other photos: these are inverted, and the pictures at their latents compared
before and after. That says something of the person only where the picture was theirs in the first place. Here
it is compared with the picture of the person's own latent, from the views of an evaluation.

Each person is a line of `other_photos_heads.jsonl`; `other_photos_heads.md` is written anew after each.
People are the seeds from 0 on.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

import jax.numpy as jnp
import numpy as np
from tqdm import tqdm

from benchmarks.cells import interval, table
from jaxunlearn.evaluation import Reference
from jaxunlearn.evaluation.bundled_people.album import album_photos
from jaxunlearn.evaluation.embedded_views import embed_from_all
from jaxunlearn.evaluation.evaluate import measure_reference
from jaxunlearn.evaluation.judges import CalibratedJudge
from jaxunlearn.files.door import write_text
from jaxunlearn.files.json_lines import drop_cut_off_line, read_json_lines
from jaxunlearn.methods.config import from_config
from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.methods.registry import preset
from jaxunlearn.models.loading import Models, load_models
from jaxunlearn.photos.people import people_from_seeds
from jaxunlearn.training.storage.metrics_log import add_line


class Line(TypedDict):
    """A person.

    Attributes:
      seed: of the person.
      distances: of the photos' latents from the person's, in median radii.
      similarities: name of a judge → similarity of each photo's picture to the person's.
      thresholds: name of a judge → from which similarity on two people count as one.
    """

    seed: int
    distances: list[float]
    similarities: dict[str, list[float]]
    thresholds: dict[str, float]


def settings() -> ConfigDict:
    """Return the settings of an evaluation, with few people for what is not used here."""
    config = preset("guide/heads")
    config.evaluation.update(retained_people=4, frechet_samples=4)
    return config


def measured(models: Models, reference: Reference, seed: int, config: ConfigDict) -> Line:
    """Invert other photos of a person, and compare the pictures at their latents with the person's."""
    compute = from_config.compute(config)
    own = people_from_seeds(models, [seed]).ws
    photos = album_photos(models, seed, config.evaluation.album, compute=compute, progress=False).ws
    ws = jnp.concatenate([jnp.asarray(own), jnp.asarray(photos)])
    seen = embed_from_all(reference.renderer, reference.judges, ws, reference.views, config.evaluation.batch)
    distances = np.linalg.norm((photos - own).reshape(len(photos), -1), axis=1) / models.median_radius

    def similarities(judge: CalibratedJudge) -> list[float]:
        embeddings = seen.embeddings[judge.name]
        return [float(value) for value in judge.similarity(embeddings[:1], embeddings[1:])]

    return {
        "seed": seed,
        "distances": distances.tolist(),
        "similarities": {judge.name: similarities(judge) for judge in reference.judges},
        "thresholds": {judge.name: judge.threshold() or np.nan for judge in reference.judges},
    }


def page(lines: Sequence[Line]) -> list[str]:
    """Return the lines of the page."""
    lines = sorted(lines, key=lambda line: line["seed"])
    distances = np.concatenate([line["distances"] for line in lines])
    rows = []
    for judge, threshold in lines[0]["thresholds"].items():
        values = np.concatenate([line["similarities"][judge] for line in lines])
        taken = int((values >= threshold).sum())
        low, middle, high = np.quantile(values, (0.05, 0.5, 0.95))
        rows.append(
            [
                judge,
                f"{taken} of {len(values)}",
                interval(taken, len(values)),
                f"{threshold:.2f}",
                f"{middle:.2f} ({low:.2f} to {high:.2f})",
            ]
        )
    return [
        "# Whether inverted photos show the person",
        "",
        f"`python -m benchmarks.other_photos_heads`: {len(lines)} people of the bundled generator (seeds "
        f"{lines[0]['seed']} to {lines[-1]['seed']}), {len(lines[0]['distances'])} new photos of each, "
        "inverted as an evaluation does. In the source, before anything is forgotten: does a judge take the "
        "picture of the photo's latent for the person, as their own latent shows them? The latents of the "
        f"photos lie {distances.mean():.2f} median radii from the person's ({distances.min():.2f} to "
        f"{distances.max():.2f}). Intervals take photos as independent.",
        "",
        *table(
            [
                "judge",
                "taken for the person",
                "interval",
                "from a similarity of",
                "similarity: median (90 %)",
            ],
            rows,
        ),
    ]


def main(arguments: list[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=16, help="number of people [%(default)s]")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, metavar="DIR")
    asked = parser.parse_args(arguments)
    file, config = asked.out / "other_photos_heads.jsonl", settings()
    drop_cut_off_line(file, Line)
    done = {line["seed"] for line in read_json_lines(file, Line)}
    models = load_models("heads")
    reference = measure_reference(models, config)
    for seed in tqdm([seed for seed in range(asked.people) if seed not in done], unit="person"):
        add_line(file, measured(models, reference, seed, config))
        text = "\n".join(page(read_json_lines(file, Line)))
        write_text(asked.out / "other_photos_heads.md", text + "\n")


if __name__ == "__main__":
    main()
