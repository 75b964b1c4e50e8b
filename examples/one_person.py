"""Forget one person of the bundled generator, then look at what changed.

    python examples/one_person.py [--steps N]

It needs `pip install '.[data]'`, for photos of the person on other days. The preset's 300 steps take three
minutes on two CPU cores, and ten beside other work. The folder runs/one_person then holds the pictures, the
page report.html and the changed generator.
"""

import argparse

import jaxunlearn as ju
from jaxunlearn.reporting.report import write_run_report

parser = argparse.ArgumentParser()
parser.add_argument("--steps", type=int, help="steps of the run [the preset's]")
steps = parser.parse_args().steps

models = ju.load_models("heads")
person = ju.people_from_seeds(models, [7])

config = ju.preset("guide/heads")
config.steps = steps or config.steps

result = ju.unlearn(models, person, config, workdir="runs/one_person")
figures = ju.evaluate(models, result, config)
folder = write_run_report(models, result, config)

print(f"similarity of the person before and after: {figures['id']:.2f}")
print(f"similarity of other people before and after: {figures['others_id']:.2f}")
print(f"look at {folder.report} and {folder.person_picture()}")
