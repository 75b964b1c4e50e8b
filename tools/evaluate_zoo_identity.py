"""Evaluate an identity network on rendered and generated people it was not trained on; print markdown tables.

python tools/evaluate_zoo_identity.py                                    # the bundled judge and generator
python tools/evaluate_zoo_identity.py --network runs/judge/identity.safetensors --model FILE
"""

import argparse
import functools
import sys
from pathlib import Path

from jaxunlearn.errors import InputError
from jaxunlearn.files.paths import check_file
from jaxunlearn.images import save_png
from jaxunlearn.models.generator import load_generator
from jaxunlearn.models.identity import IdentityNetwork, load_identity
from jaxunlearn.zoo.metrics.identity_ablation import ablate, held_out_people, picture
from jaxunlearn.zoo.metrics.identity_metrics import compare, cosines_of_pairs, embed_photographs, verify
from jaxunlearn.zoo.synthetic.person import Person
from torch_bridge import CheckpointError

BARS = {
    "rendered, random light": 0.95,
    "generated": 0.97,
    "generated against rendered": 0.90,
}
"""True accept rates that the bundled judge was meant to reach."""
PICTURE_PEOPLE = 6


def parse_arguments() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(
        description="True accepts at one false accept in a hundred, and how much hair, skin, glasses and "
        "shape of the head count.",
        epilog="example: %(prog)s --network heads-loss --people 128 --ablation-people 0",
    )
    parser.add_argument(
        "--network", default="heads-judge", help="bundled name or file (default: %(default)s)"
    )
    parser.add_argument(
        "--model", default="heads", help="generator, bundled name or file (default: %(default)s)"
    )
    parser.add_argument("--people", type=int, default=256, help="number of people (default: %(default)s)")
    parser.add_argument(
        "--views", type=int, default=4, help="generated images of each person (default: %(default)s)"
    )
    parser.add_argument(
        "--ablation-people",
        type=int,
        default=128,
        help="number of people in the ablation; 0 leaves it out (default: %(default)s)",
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the people (default: that of training)")
    parser.add_argument("--folder", type=Path, help="folder that keeps the renderings for the next run")
    parser.add_argument(
        "--picture",
        type=Path,
        metavar="FILE.png",
        help="write people with parts of other people, as in the ablation",
    )
    arguments = parser.parse_args()
    if arguments.people < 2 or (arguments.ablation_people < 2 and arguments.ablation_people != 0):
        parser.error("--people and --ablation-people must be at least 2")
    if arguments.views < 2:
        parser.error("--views must be at least 2, to have pairs")
    if arguments.picture is not None and not arguments.ablation_people:
        parser.error("--picture shows people of the ablation; leave out --ablation-people 0")
    return arguments


def print_verification(network: IdentityNetwork, arguments: argparse.Namespace) -> None:
    """Print the first table; its last column is for the threshold in the network's file."""
    fixed = "" if network.threshold is None else f" TAR / FAR at {network.threshold:.3f} |"
    print(f"| {network.name}, {arguments.people} people | TAR at FAR 1 % | bar | threshold ", end="")
    print(f"| cosine, same / different | rank-1 |{fixed}")
    print("| --- " * (6 + bool(fixed)) + "|")
    comparisons = compare(
        network,
        load_generator(arguments.model),
        people=arguments.people,
        views=arguments.views,
        seed=arguments.seed,
        folder=arguments.folder,
    )
    for name, queries, gallery in comparisons:
        figures = verify(queries, gallery)
        row = f"| {name} | {figures.tar:.3f} | {BARS.get(name, '')} | {figures.threshold:.3f} "
        row += f"| {figures.same:.3f} / {figures.different:.3f} | {figures.rank1:.3f} |"
        if network.threshold is not None:
            same, different = (cosines > network.threshold for cosines in cosines_of_pairs(queries, gallery))
            row += f" {same.mean():.3f} / {different.mean():.4f} |"
        print(row, flush=True)


def print_ablation(network: IdentityNetwork, people: list[Person], resolution: int, seed: int) -> None:
    """Print the second table."""
    embed = functools.partial(embed_photographs, network)
    figures = ablate(embed, people, views=4, resolution=resolution, seed=seed)
    print(
        "\n| part | somebody else's: cosine | still accepted | equal for everybody: TAR at FAR 1 % | rank-1 |"
    )
    print("| --- | --- | --- | --- | --- |")
    for name, ablation in figures.items():
        row = f"| {name} | {ablation.cosine:.3f} | {ablation.accepted:.3f} |"
        print(f"{row} {ablation.equal.tar:.3f} | {ablation.equal.rank1:.3f} |")


def main() -> int:
    """Run the command; return 2 on wrong input."""
    arguments = parse_arguments()
    try:
        if arguments.picture is not None:
            check_file(arguments.picture)
        network = load_identity(arguments.network)
        print_verification(network, arguments)
        if arguments.ablation_people:
            people = held_out_people(arguments.ablation_people, seed=arguments.seed)
            resolution = load_generator(arguments.model).config.img_resolution
            print_ablation(network, people, resolution, arguments.seed)
            if arguments.picture is not None:
                image = picture(people[:PICTURE_PEOPLE], views=2, resolution=resolution, seed=arguments.seed)
                save_png(arguments.picture, image)
                print(f"\n{arguments.picture}")
    except (InputError, CheckpointError) as error:
        print(f"evaluate_zoo_identity.py: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
