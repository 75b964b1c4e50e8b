"""Measure an identity network on rendered and on generated people that it never saw; prints markdown.

python tools/evaluate_identity.py                                        # the bundled judge and generator
python tools/evaluate_identity.py --network runs/judge/identity.safetensors --model FILE
"""

import argparse
import dataclasses
import functools
import sys
from collections.abc import Iterator
from pathlib import Path

import jax
import numpy as np

from eg3d_flax import Compute
from jaxunlearn.errors import InputError
from jaxunlearn.images import save_png, to_uint8
from jaxunlearn.models.generator import load_generator
from jaxunlearn.models.identity import IdentityNetwork, load_identity
from jaxunlearn.zoo.synthetic.person import Person, person_from_latent
from jaxunlearn.zoo.synthetic.photographs import HELD_OUT_FIRST, PhotographRequest, photograph
from jaxunlearn.zoo.training.generator_data import on_white
from jaxunlearn.zoo.training.generator_metrics import generate
from jaxunlearn.zoo.training.identity import embed_photographs
from jaxunlearn.zoo.training.identity_ablation import ablate, picture
from jaxunlearn.zoo.training.identity_data import identity_photographs
from jaxunlearn.zoo.training.identity_metrics import cosines_of_pairs, verify
from torch_bridge import CheckpointError

BARS = {
    "rendered, random light": 0.95,
    "generated": 0.97,
    "generated against rendered": 0.90,
}
SHOWN = 6


def parse_arguments() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(
        description="True accepts at one false accept in a hundred, and what identity hangs on.",
        epilog="example: %(prog)s --network heads-loss --people 128 --ablation-people 0",
    )
    parser.add_argument(
        "--network", default="heads-judge", help="bundled name or file (default: %(default)s)"
    )
    parser.add_argument("--model", default="heads", help="generator, bundled name or file (default: heads)")
    parser.add_argument("--people", type=int, default=256, help="how many (default: %(default)s)")
    parser.add_argument("--views", type=int, default=4, help="generated of each (default: %(default)s)")
    parser.add_argument("--ablation-people", type=int, default=128, help="0 for no ablation")
    parser.add_argument("--seed", type=int, default=0, help="of the people, as in training")
    parser.add_argument("--folder", type=Path, help="where renderings are kept for the next time")
    parser.add_argument(
        "--picture", type=Path, metavar="FILE.png", help="people with parts of others, as in the ablation"
    )
    arguments = parser.parse_args()
    if arguments.people < 2 or arguments.ablation_people == 1:
        parser.error("two people are the least to compare")
    if arguments.picture is not None and not arguments.picture.resolve().parent.is_dir():
        parser.error(f"--picture {arguments.picture}: there is no such folder")
    return arguments


def compared(
    network: IdentityNetwork, arguments: argparse.Namespace
) -> Iterator[tuple[str, np.ndarray, np.ndarray | None]]:
    """Name of a comparison, queries and gallery as for `verify`."""
    generator = load_generator(arguments.model)
    request = PhotographRequest(
        "identity",
        people=arguments.people,
        views=12,  # as in training, whose shards serve here too
        resolution=generator.config.img_resolution,
        seed=arguments.seed,
        first=HELD_OUT_FIRST,
    )
    embed = functools.partial(embed_photographs, network)
    yield (
        "rendered, random light",
        embed(identity_photographs(request, workers=1, folder=arguments.folder)),
        None,
    )
    plain = dataclasses.replace(request, scenario="generator", views=arguments.views)
    shot = on_white(photograph(plain, folder=arguments.folder))
    rendered = embed(shot.image)
    yield "rendered as the generator's data", rendered, None
    compute = Compute.for_platform(jax.default_backend())
    z = shot.z.repeat(arguments.views, axis=0)
    images = to_uint8(generate(generator, z, shot.camera.reshape(-1, 25), compute))
    generated = embed(images.reshape(shot.image.shape))
    yield "generated", generated, None
    yield "generated against rendered", generated, rendered


def print_verification(network: IdentityNetwork, arguments: argparse.Namespace) -> None:
    """The first table; the last column is of the threshold in the network's file."""
    fixed = "" if network.threshold is None else f" TAR / FAR at {network.threshold:.3f} |"
    print(f"| {network.name}, {arguments.people} people | TAR at FAR 1 % | bar | threshold ", end="")
    print(f"| cosine, same / different | rank-1 |{fixed}")
    print("| --- " * (6 + bool(fixed)) + "|")
    for name, queries, gallery in compared(network, arguments):
        found = verify(queries, gallery)
        row = f"| {name} | {found.tar:.3f} | {BARS.get(name, '')} | {found.threshold:.3f} "
        row += f"| {found.same:.3f} / {found.different:.3f} | {found.rank1:.3f} |"
        if network.threshold is not None:
            same, different = (cosines > network.threshold for cosines in cosines_of_pairs(queries, gallery))
            row += f" {same.mean():.3f} / {different.mean():.4f} |"
        print(row, flush=True)


def held_out_people(arguments: argparse.Namespace) -> list[Person]:
    """Those of the ablation."""
    request = PhotographRequest(
        "generator",
        arguments.ablation_people,
        views=1,
        resolution=8,
        seed=arguments.seed,
        first=HELD_OUT_FIRST,
    )
    return [person_from_latent(z) for z in photograph(request, progress=False).z]


def print_ablation(network: IdentityNetwork, people: list[Person], resolution: int, seed: int) -> None:
    """The second table."""
    figures = ablate(
        functools.partial(embed_photographs, network), people, views=4, resolution=resolution, seed=seed
    )
    print(
        "\n| part | somebody else's: cosine | still accepted | equal for everybody: TAR at FAR 1 % | rank-1 |"
    )
    print("| --- | --- | --- | --- | --- |")
    for name, found in figures.items():
        row = f"| {name} | {found.cosine:.3f} | {found.accepted:.3f} |"
        print(f"{row} {found.equal.tar:.3f} | {found.equal.rank1:.3f} |")


def main() -> int:
    """Run the command; 2 on wrong input."""
    arguments = parse_arguments()
    try:
        network = load_identity(arguments.network)
        print_verification(network, arguments)
        if arguments.ablation_people:
            people = held_out_people(arguments)
            resolution = load_generator(arguments.model).config.img_resolution
            print_ablation(network, people, resolution, arguments.seed)
            if arguments.picture is not None:
                shown = picture(people[:SHOWN], views=2, resolution=resolution, seed=arguments.seed)
                save_png(arguments.picture, shown)
                print(f"\n{arguments.picture}")
    except (InputError, CheckpointError) as error:
        print(f"evaluate_identity.py: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
