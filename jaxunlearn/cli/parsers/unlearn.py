"""Arguments of `jaxunlearn unlearn`."""

from argparse import ArgumentParser

from jaxunlearn.cli.argument_groups import add_config, add_inversion, add_mesh, add_models
from jaxunlearn.cli.argument_types import (
    MOST_COPIES,
    MOST_STEPS,
    local_path,
    name_or_path,
    numbers,
    seeds,
    whole,
)
from jaxunlearn.methods.registry import DEFAULT, DEFAULT_SHARED, METHODS

DESCRIPTION = """\
Make a generator forget people: each in their own copy of the generator (GUIDE), each by adapters of their own
beside the generator (LEGATO), or all of them in one generator (SUGAR), at once or one request after another.

A run keeps everything in its folder. After an interruption, by Ctrl-C or otherwise, the same command resumes
it.
"""
EXAMPLES = """\
examples:
  jaxunlearn unlearn --seed 7 --out runs/seven
  jaxunlearn unlearn --image aligned/ --model ffhq.safetensors --out runs/everybody
  jaxunlearn unlearn --seed 7 --config configs/guide/ablations.py:heads,baseline --out runs/baseline
  jaxunlearn unlearn --model ffhq.safetensors --latents person.npz --out runs/person
  jaxunlearn unlearn --model ffhq.safetensors --seed 7 --preset legato/official --out runs/official
  jaxunlearn unlearn --identities people/ --parallel 8 --mesh 4x2 --out runs/people
  jaxunlearn unlearn --method sugar --seed 0-9 --out runs/ten
  jaxunlearn unlearn --method sugar --identities people.csv --out runs/people_together
  jaxunlearn unlearn --method sugar --seed 0-4 --sweep-distance=-0.5,0.5,1,1.5 --out runs/sweep
  jaxunlearn unlearn --method sugar --sequence requests.json --out runs/requests
"""


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    add = parser.add_argument
    _add_people(parser)
    _add_method(parser)
    add_inversion(parser, "--inversion")
    add_models(parser)
    add("--out", type=local_path, metavar="DIR", help="the run folder [runs/ and the name of the people]")
    add("--steps", type=whole(1, MOST_STEPS), metavar="N", help="the same as --config.steps=N")
    add_mesh(parser)
    settings = parser.add_mutually_exclusive_group()
    settings.add_argument(
        "--preset",
        metavar="NAME",
        help="the settings of this name, such as guide/official, sugar/heads or legato/paper; a wrong name "
        "lists all [of --method, heads for the bundled model, else paper]",
    )
    add_config(settings)
    parser.set_defaults(resumes=True)


def _add_people(parser: ArgumentParser) -> None:
    """Add the options that say who is forgotten."""
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument(
        "--seed", "--seeds", type=seeds, metavar="N", help="people of the generator, such as 7 or 0-3"
    )
    who.add_argument(
        "--latents", type=local_path, metavar="FILE", help="ws from .npz, .npy, .pt or .safetensors"
    )
    who.add_argument(
        "--image",
        type=name_or_path,
        nargs="+",
        metavar="PHOTO",
        help="photos, framed as the generator's images; or a folder of photos, a folder of people's folders, "
        "a table (image,identity), tfds:NAME[split]. Each photo counts as a person. The bundled model draws "
        "synthetic heads only; photos of real people need another --model",
    )
    who.add_argument(
        "--identities",
        type=name_or_path,
        metavar="SOURCE",
        help="the people of a folder of photos, a folder of people's folders, a table or tfds:NAME[split]. "
        "The first photo of each person is used. A work list; with --shared all in one generator",
    )
    who.add_argument(
        "--sequence",
        type=local_path,
        metavar="REQUESTS",
        help="a JSON or TOML file of requests, carried out one after another in one generator",
    )


def _add_method(parser: ArgumentParser) -> None:
    """Add the options that say how people are forgotten."""
    add = parser.add_argument
    add(
        "--method",
        choices=tuple(METHODS),
        help=f"method of unlearning [as --config says, else {DEFAULT}; with --shared {DEFAULT_SHARED}]",
    )
    add("--shared", action="store_true", help="all people share one generator, with a method that can do so")
    add(
        "--sweep-distance",
        type=numbers,
        metavar="D,D,...",
        help="one run for each distance d, with a method whose targets have a distance; with a negative "
        "number write --sweep-distance=-0.5,1",
    )
    add(
        "--parallel",
        type=whole(1, MOST_COPIES),
        metavar="K",
        help="number of people at a time, with a method that gives every person a generator. Each finished "
        "generator is exported at once and never trained again [--identities: 1]",
    )
