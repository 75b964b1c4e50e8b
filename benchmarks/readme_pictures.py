"""The README's two pictures: GUIDE on twenty fresh people; the first of them, and the worst.

    python benchmarks/readme_pictures.py    # a few minutes a person on two cores

Nobody is chosen by looks: people are the seeds from 10,000 on, which no setting was chosen on. The worst is
who most judges find in most places; among equals, who stays most alike in other photos. Writes the pictures
and `readme_pictures.md`; finished runs in the folder of `--runs` are not run again.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tqdm import tqdm

from jaxunlearn.evaluation.evaluate import evaluate, measure_reference
from jaxunlearn.files.door import write_text
from jaxunlearn.methods import from_config
from jaxunlearn.methods.guide import presets
from jaxunlearn.models.loading import load_models
from jaxunlearn.photos.people import people_from_seeds
from jaxunlearn.reporting.before_after import RunPictures
from jaxunlearn.training.unlearn import unlearn

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "images"
FIRST_PERSON = 10_000
GAP = 10
"""White pixels between the person and the others."""

Figures = Mapping[str, Any]
"""Of one person, as `evaluate` returns them."""


def places_found(figures: Figures) -> int:
    """Return in how many places judges find somebody, added up over the judges."""
    return sum(bool(found) for judge in figures["judges"].values() for found in judge["found"].values())


def badness(figures: Figures) -> tuple[int, float]:
    """Return what the worst person has most of."""
    return places_found(figures), figures["id_others_max"]


def composed(person: np.ndarray, others: np.ndarray) -> Image.Image:
    """Return the picture of a run: before, target and after; below, other people before and after.

    Args:
      person: `[H, W, 3]` uint8, see `RunPictures.person`.
      others: `[h, w, 3]` uint8, see `RunPictures.others`; it is brought to the same width.
    """
    above, below = Image.fromarray(person), Image.fromarray(others)
    below = below.resize(
        (above.width, round(below.height * above.width / below.width)), Image.Resampling.LANCZOS
    )
    picture = Image.new("RGB", (above.width, above.height + GAP + below.height), "white")
    picture.paste(above, (0, 0))
    picture.paste(below, (0, above.height + GAP))
    return picture


def table(found: Mapping[int, Figures]) -> str:
    """Return the page: a row for each person, and means."""
    lines = [
        "# GUIDE on twenty fresh people of the bundled model",
        "",
        "`python benchmarks/readme_pictures.py`, settings `guide/heads`. Similarities are the main judge's. "
        "Found: in how many places (the latent, from the sides, shortened latents, other photos), "
        "added up over the judges.",
        "",
        "| seed | forgotten | found | own latent | other photos, most alike | other people | lost |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for seed, one in found.items():
        lines.append(
            f"| {seed} | {'yes' if one['forgotten'] else 'no'} | {places_found(one)} | {one['id']:.2f} | "
            f"{one['id_others_max']:.2f} | {one['others_id']:.3f} | {100 * one['others_lost']:.0f} % |"
        )
    forgotten = sum(bool(one["forgotten"]) for one in found.values())
    mean, lost = (np.mean([one[name] for one in found.values()]) for name in ("others_id", "others_lost"))
    lines += [
        "",
        f"Forgotten: {forgotten} of {len(found)}. "
        f"Other people: {mean:.3f} on average, {100 * lost:.1f} % lost. "
        f"The worst: seed {max(found, key=lambda seed: badness(found[seed]))}.",
    ]
    return "\n".join(lines) + "\n"


def main(arguments: list[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=20, help="number of people (default: %(default)s)")
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "readme", help="folder of the runs")
    parser.add_argument("--pictures", type=Path, default=PICTURES, help="folder of the pictures")
    parser.add_argument(
        "--page", type=Path, default=Path(__file__).with_suffix(".md"), help="file of the table"
    )
    asked = parser.parse_args(arguments)
    models, config = load_models("heads"), presets.heads()
    reference, found = measure_reference(models, config), {}
    for seed in tqdm(range(FIRST_PERSON, FIRST_PERSON + asked.people), unit="person"):
        people = people_from_seeds(models, [seed])
        result = unlearn(models, people, config, workdir=asked.runs / str(seed), progress=False)
        assert result.folder is not None
        if "people" not in result.folder.summary:
            evaluate(models, result, config, reference=reference, progress=False)
        found[seed] = result.folder.summary["people"]["0"]
        pictures = RunPictures(models.generator, result, from_config.compute(config))
        composed(pictures.person(0), pictures.others(0)).save(result.folder.path / "picture.png")
    write_text(asked.page, table(found))
    worst = max(found, key=lambda seed: badness(found[seed]))
    for seed, name in ((FIRST_PERSON, "forgotten"), (worst, "forgotten_worst")):
        with Image.open(asked.runs / str(seed) / "picture.png") as picture:
            picture.save(asked.pictures / f"{name}.webp", quality=88, method=6)
    print(asked.page.read_text())


if __name__ == "__main__":
    main()
