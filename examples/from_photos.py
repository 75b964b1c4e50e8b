"""Forget the people in a folder of photos: first find their latents, then forget these.

    python examples/from_photos.py [--steps N]

The bundled generator draws synthetic people, so this script renders synthetic photos first; that needs
`pip install '.[data]'`. For your own photos give `people_from_photos` your folder, and `load_models` a
generator of real faces. `jaxunlearn align` crops the photos as that generator expects.
"""

import argparse
from pathlib import Path

from PIL import Image

import jaxunlearn as ju
from jaxunlearn.evaluation.bundled_people.album import render_album
from jaxunlearn.images import to_uint8
from jaxunlearn.reporting.report import write_run_report

parser = argparse.ArgumentParser()
parser.add_argument("--steps", type=int, help="steps of the run [the preset's]")
steps = parser.parse_args().steps

models = ju.load_models("heads")
photos = Path("runs/from_photos/photos")
photos.mkdir(parents=True, exist_ok=True)
for name, seed in {"ada": 7, "bea": 12}.items():
    image = to_uint8(render_album(models.generator, seed, count=1).images[0])
    Image.fromarray(image).save(photos / f"{name}.png")

people = ju.people_from_photos(models, [photos])
config = ju.preset("guide/heads")
config.steps = steps or config.steps
result = ju.unlearn(models, people, config, workdir="runs/from_photos/run")
figures = ju.evaluate(models, result, config)
folder = write_run_report(models, result, config)

for number, person in enumerate(people.subjects):
    print(f"{person}: similarity before and after {figures['people'][str(number)]['id']:.2f}")
print(f"look at {folder.report} and {folder.person_picture()}")
