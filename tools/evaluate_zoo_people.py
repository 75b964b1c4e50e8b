"""Measure the synthetic people: by what they are told apart, how far their faces vary, where surfaces lie.

python tools/evaluate_zoo_people.py                       # five minutes on two cores
python tools/evaluate_zoo_people.py --people 30 --shapes 200
"""

import argparse
import sys

import numpy as np

from jaxunlearn.errors import InputError
from jaxunlearn.models.dlib_network import DlibNetwork
from jaxunlearn.zoo.metrics.identity_ablation import held_out_people
from jaxunlearn.zoo.metrics.people_metrics import (
    distance_from_the_mean,
    distances_from_camera,
    told_apart_without,
)


def parse_arguments() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(
        description="True accepts of dlib's network at one false accept in a hundred, with all traits and "
        "without one; the spread of the faces' shapes; the distances between camera and surfaces."
    )
    parser.add_argument("--people", type=int, default=100, help="number of people (default: %(default)s)")
    parser.add_argument("--views", type=int, default=3, help="views of each person (default: %(default)s)")
    parser.add_argument(
        "--shapes", type=int, default=1000, help="number of shapes of faces (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the people (default: %(default)s)")
    arguments = parser.parse_args()
    if arguments.people < 2 or arguments.views < 2 or arguments.shapes < 2:
        parser.error("--people, --views and --shapes must be at least 2")
    return arguments


def main() -> int:
    """Run the command; return 2 on wrong input."""
    arguments = parse_arguments()
    try:
        people = held_out_people(arguments.people, seed=arguments.seed)
        shapes = distance_from_the_mean(held_out_people(arguments.shapes, seed=arguments.seed))
        print("| the same for everybody | TAR at FAR 1 % | threshold | distance, same / different |")
        print("| --- | --- | --- | --- |")
        figures = told_apart_without(DlibNetwork.load(), people, views=arguments.views, seed=arguments.seed)
        for name, told in figures.items():
            row = f"| {name} | {told.tar:.3f} | {told.threshold:.3f} |"
            print(f"{row} {told.same:.3f} / {told.different:.3f} |", flush=True)
        worst = int(shapes.argmax())
        print(f"\nshape of the face from the mean: median {np.median(shapes):.1f} mm, ", end="")
        print(f"95 % {np.quantile(shapes, 0.95):.1f} mm, farthest {shapes[worst]:.1f} mm (person {worst})")
        distances = distances_from_camera(arguments.people, views=arguments.views, seed=arguments.seed)
        nearest, low, high, farthest = np.quantile(distances, [0, 0.0005, 0.9995, 1])
        print(f"visible points from the camera: {nearest:.3f} to {farthest:.3f}, 99.9 % of them ", end="")
        print(f"{low:.3f} to {high:.3f}")
    except InputError as error:
        print(f"evaluate_zoo_people.py: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
