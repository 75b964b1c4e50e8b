"""Find the thresholds of the bundled judges on the bundled model, and how well the judges work.

python tools/calibrate_judges.py                    # writes jaxunlearn/zoo/judges.json, in about 20 minutes
python tools/calibrate_judges.py --judge heads-judge # only this one anew; the others stay in the file

Strangers are people of the generator from a seed that nothing else uses. Thresholds are those that one in a
hundred pairs reaches. False accept rates are then counted on as many other people, and true accept rates on
pictures of one person: the views from the left against those from the right, single pictures from different
views, and rendered photos of the same person (scenario `album`), four against four and one by one.
"""

import argparse
import sys
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, TypedDict

import jax
import jax.numpy as jnp
import numpy as np

from eg3d_flax import Compute
from jaxunlearn.errors import InputError
from jaxunlearn.evaluation import EvaluationSettings
from jaxunlearn.evaluation.judges import CalibratedJudge, Judge
from jaxunlearn.evaluation.judges.calibrated import Setup
from jaxunlearn.evaluation.judges.calibration import calibrate, embed_people, similarities
from jaxunlearn.evaluation.judges.choice import judges_of
from jaxunlearn.evaluation.judges.stored import FILE, fingerprint_of_judge, views_of
from jaxunlearn.files.door import read_json, write_json
from jaxunlearn.files.json_form import check_form
from jaxunlearn.files.paths import check_file
from jaxunlearn.images import to_float
from jaxunlearn.models.loading import Models, load_models
from jaxunlearn.models.renderer import Renderer
from jaxunlearn.zoo.synthetic.photographs import HELD_OUT_FIRST, PhotographRequest, photograph
from jaxunlearn.zoo.training.generator_data import on_white
from torch_bridge import CheckpointError

SEED = 7_000_000
"""Of the strangers; the people whose pairs are counted have the next one."""
PHOTOS = 8
BATCH = 32
RESAMPLES = 400

Rates = dict[str, list[float]]
"""Name of a comparison → rate, and the ends of its 95 % interval."""


class About(TypedDict):
    """What all judges of a file have in common."""

    generator: str
    views: dict[str, Any]
    people: int
    seed: int


class Calibration(About):
    """The content of `judges.json`."""

    judges: dict[str, Any]


def measured(
    similarity: np.ndarray, same: Callable[[np.ndarray], np.ndarray], threshold: float
) -> list[float]:
    """Return a rate of acceptance and its 95 % bootstrap interval over people.

    Args:
      similarity: `[N, ...]`, a row for each person; or `[N, N]` for pairs of people.
      same: numbers of the drawn people → the similarities that count.
      threshold: from this similarity on, a pair is accepted.
    """
    count, rng = len(similarity), np.random.default_rng(0)
    draws = [same(rng.integers(0, count, count)) for _ in range(RESAMPLES)]
    rates = [np.mean(draw >= threshold) for draw in draws]
    low, high = np.percentile(rates, [2.5, 97.5])
    return [round(float(x), 5) for x in (np.mean(same(np.arange(count)) >= threshold), low, high)]


def of_strangers(table: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function from drawn people to the similarities of all pairs of different people."""
    return lambda drawn: table[np.ix_(drawn, drawn)][drawn[:, None] != drawn]


def of_themselves(values: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function from drawn people to the similarities of each with themselves, `[N, ...]`."""
    return lambda drawn: values[drawn]


def pairs_of_pictures(judge: Judge, embeddings: np.ndarray) -> np.ndarray:
    """Return the similarities of all pairs of different pictures of each person, `[N, V (V - 1) / 2]`."""
    first, second = np.triu_indices(embeddings.shape[1], 1)
    return judge.similarity(embeddings[:, first, None], embeddings[:, second, None])


def halves(judge: Judge, embeddings: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compare the first half of a person's pictures with the last.

    Returns:
      `[N]`, everybody with themselves; and `[N, N]`, the first half of one with the last half of another.
    """
    half = embeddings.shape[1] // 2
    first = embeddings[:, :half].mean(axis=1, keepdims=True)
    last = embeddings[:, -half:].mean(axis=1, keepdims=True)
    table = similarities(judge, first, last)
    return np.diagonal(table).copy(), table


def rates_of(judge: CalibratedJudge, views: np.ndarray, wide: np.ndarray, photos: np.ndarray) -> Rates:
    """Return the rates of a judge on people whom its thresholds have not seen.

    Args:
      judge: with thresholds.
      views: embeddings `[N, V, E]` of generated people from the protocol's views.
      wide: `[N, 2, E]`, from the wide views.
      photos: `[N, 8, E]`, of rendered photos of other people.
    """
    network = judge.judge
    middle = views[:, views.shape[1] // 2, None]
    tables: dict[Setup, np.ndarray] = {
        "views": similarities(network, views, views),
        "wide": similarities(network, wide, wide),
        "single": similarities(network, middle, middle),
    }
    rates = {
        f"FAR, {setup}": measured(table, of_strangers(table), judge.strangers[setup].threshold)
        for setup, table in tables.items()
    }
    for name, pictures in (("generated", views), ("photos", photos)):
        own, table = halves(network, pictures)
        strangers = of_strangers(table)(np.arange(len(table)))
        rates[f"TAR, {name}, halves"] = measured(own, of_themselves(own), np.quantile(strangers, 0.99))
        single = pairs_of_pictures(network, pictures)
        first = similarities(network, pictures[:, :1], pictures[:, -1:])
        strangers = of_strangers(first)(np.arange(len(first)))
        rates[f"TAR, {name}, single"] = measured(single, of_themselves(single), np.quantile(strangers, 0.99))
    return rates


def photographed(judges: list[Judge], people: int, resolution: int) -> dict[str, np.ndarray]:
    """Return name of a judge → embeddings `[N, 8, E]` of rendered photos of people held out from all."""
    request = PhotographRequest(
        "album", people=people, views=PHOTOS, resolution=resolution, seed=0, first=HELD_OUT_FIRST
    )
    photos = on_white(photograph(request, workers=2))
    images = to_float(photos.image).reshape(-1, resolution, resolution, 3)
    c = jnp.asarray(photos.camera.reshape(-1, 25))
    return {judge.name: judge.embeddings(images, c, BATCH).reshape(people, PHOTOS, -1) for judge in judges}


def kept_judges(path: Path, about: About, anew: Collection[str]) -> dict[str, Any]:
    """Return the judges that a file has so far, to be written again with those that are measured.

    Args:
      path: the file, which need not exist.
      about: on what judges are measured now.
      anew: names of the judges that are measured now.

    Raises:
      InputError: if it is another kind of file, or others of its judges were measured on something else.
    """
    if not path.exists():
        return {}
    before = check_form(read_json(path), Calibration, path)
    if all(before[name] == value for name, value in about.items()):
        return before["judges"]
    others = [name for name in before["judges"] if name not in anew]
    if others:
        raise InputError(
            f"{path}: {', '.join(others)} would be lost, measured with other people ({before['people']}), "
            "other views or another generator; measure all judges anew, or give another --out"
        )
    return {}


def calibrated(
    models: Models, settings: EvaluationSettings, judges: list[Judge], people: int
) -> dict[str, Any]:
    """Return name of a judge → its thresholds and rates."""
    others = EvaluationSettings(strangers=people, batch=BATCH, seed=SEED + 1)
    generator = models.generator
    renderer = Renderer(generator, batch=BATCH, compute=Compute.for_platform(jax.default_backend()))
    views: dict[Setup, jax.Array] = {
        "views": settings.person_views(generator),
        "wide": settings.wide_views(generator),
    }
    made = calibrate(judges, renderer, settings.random_strangers(generator), views, batch=BATCH)
    ws = others.random_strangers(generator)
    seen: dict[str, dict[str, np.ndarray]] = {
        name: embed_people(judges, renderer, ws, c, BATCH) for name, c in views.items()
    }
    photos = photographed(judges, people, generator.config.img_resolution)
    return {
        judge.name: {
            "network": fingerprint_of_judge(judge.judge),
            "align": judge.align,
            "measure": judge.measure,
            "strangers": {setup: strangers.to_json() for setup, strangers in judge.strangers.items()},
            "rates": rates_of(judge, seen["views"][judge.name], seen["wide"][judge.name], photos[judge.name]),
        }
        for judge in made
    }


def table(content: Calibration) -> str:
    """Return thresholds and rates as a table in Markdown."""
    names = list(content["judges"])
    lines = [f"| {content['people']} people | " + " | ".join(names) + " |", "| --- |" + " --- |" * len(names)]
    for setup in ("views", "wide", "single"):
        cells = [content["judges"][name]["strangers"][setup] for name in names]
        shown = [f"{c['threshold']:.3f} [{c['interval'][0]:.3f}, {c['interval'][1]:.3f}]" for c in cells]
        lines.append(f"| threshold, {setup} | " + " | ".join(shown) + " |")
    for rate in content["judges"][names[0]]["rates"]:
        cells = [content["judges"][name]["rates"][rate] for name in names]
        lines.append(
            f"| {rate} | " + " | ".join(f"{m:.4f} [{low:.4f}, {high:.4f}]" for m, low, high in cells) + " |"
        )
    return "\n".join(lines)


def parse_arguments() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=256, help="people of each set (default: %(default)s)")
    parser.add_argument(
        "--judge", action="append", help="name or file, may be given several times [all bundled ones]"
    )
    parser.add_argument("--out", type=Path, default=Path(str(FILE)), help="file to write [the bundled one]")
    arguments = parser.parse_args()
    if arguments.people < 2:
        parser.error("--people must be at least 2")
    return arguments


def run(arguments: argparse.Namespace) -> None:
    """Measure, and write the file.

    Raises:
      InputError: before anything is measured, if there is no such judge, or the file cannot be written.
    """
    check_file(arguments.out)
    models = load_models("heads", judge=arguments.judge or ())
    judges = judges_of(models, "auto")
    settings = EvaluationSettings(strangers=arguments.people, batch=BATCH, seed=SEED)
    about: About = {
        "generator": models.fingerprint,
        "views": views_of(settings),
        "people": arguments.people,
        "seed": SEED,
    }
    kept = kept_judges(arguments.out, about, [judge.name for judge in judges])
    measured_now = calibrated(models, settings, judges, arguments.people)
    content: Calibration = {**about, "judges": {**kept, **measured_now}}
    write_json(arguments.out, content)
    print(table(content))


def main() -> int:
    """Run the command; return 2 on wrong input."""
    began = time.monotonic()
    try:
        run(parse_arguments())
    except (InputError, CheckpointError) as error:
        print(f"calibrate_judges.py: {error}", file=sys.stderr)
        return 2
    print(f"{time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
