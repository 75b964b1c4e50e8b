"""Forget three people in one generator by SUGAR, then a fourth person who asks later.

    python examples/many_people.py [--steps N]

The folders runs/many_people/first and runs/many_people/later hold the pictures, the pages and the generators.
"""

import argparse

import jaxunlearn as ju
from jaxunlearn.reporting.report import write_run_report

parser = argparse.ArgumentParser()
parser.add_argument("--steps", type=int, help="steps of each request [the preset's]")
steps = parser.parse_args().steps

models = ju.load_models("heads")
previous = None
for name, seeds in {"first": [3, 7, 12], "later": [20]}.items():
    people = ju.people_from_seeds(models, seeds)
    config = ju.preset("sugar/heads", people=len(seeds))
    config.steps = steps or config.steps
    result = ju.unlearn(models, people, config, workdir=f"runs/many_people/{name}", previous=previous)
    figures = ju.evaluate(models, result, config)
    folder = write_run_report(models, result, config)
    print(f"{name}: similarity of the people before and after: {figures['id']:.2f}")
    print(f"{name}: similarity of other people before and after: {figures['others_id']:.2f}")
    print(f"{name}: look at {folder.report}")
    previous = result  # the next request begins with this generator
