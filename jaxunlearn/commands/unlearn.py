"""`jaxunlearn unlearn`: make a generator forget people."""

import argparse
from pathlib import Path
from typing import Any

from jaxunlearn.commands.arguments import positive, seeds
from jaxunlearn.commands.settings import add_config

_DESCRIPTION = """\
Make a generator forget people (GUIDE): each in a copy of the generator of their own.

A run keeps everything in its folder. Interrupted, by Ctrl-C or otherwise, the same command goes on where it
was.
"""
_EXAMPLES = """\
examples:
  jaxunlearn unlearn --seed 7 --out runs/seed7
  jaxunlearn unlearn --image photo.png --out runs/photo
  jaxunlearn unlearn --image aligned/ --out runs/everybody
  jaxunlearn unlearn --seed 7 --config configs/guide/baseline.py:heads --out runs/baseline
  jaxunlearn unlearn --model ffhq.safetensors --latents person.npz --out runs/person
"""


def add_parser(subparsers: Any) -> None:
    """Register the subcommand."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "unlearn",
        help="make a generator forget people",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("--seed", type=seeds, metavar="N", help="people of the generator, such as 7 or 0-3")
    who.add_argument("--latents", type=Path, metavar="FILE", help="ws from .npz, .npy, .pt or .safetensors")
    who.add_argument(
        "--image",
        nargs="+",
        metavar="PHOTO",
        help="photos, framed as the generator's images; or a folder of them, a folder of people's folders, a "
        "CSV file (image,identity), tfds:NAME[split]: each photo gets a copy of the generator",
    )
    add_inversion(parser)
    add_models(parser)
    add("--w-avg", type=Path, metavar="FILE", help="the mean latent [the generator's]")
    add("--out", type=Path, metavar="DIR", help="the run's folder [runs/ and who is forgotten]")
    add("--steps", type=positive, metavar="N", help="the same as --config.steps=N")
    add_config(parser)
    parser.set_defaults(run=run)


def add_inversion(parser: argparse.ArgumentParser) -> None:
    """Options for `inversion_methods`."""
    add = parser.add_argument
    add(
        "--method",
        choices=("encoder", "optimize", "hybrid"),
        help="how photos become latents: by one pass of an encoder, by a search, or by a search that starts "
        "from the encoder's latents [hybrid with an encoder, else optimize]",
    )
    add("--encoder", metavar="FILE", help="encoder [as suits the model]")


def add_models(parser: argparse.ArgumentParser) -> None:
    """Options for `models.load_models`."""
    add = parser.add_argument
    add("--model", default="heads", help="a file; heads: the bundled people [%(default)s]")
    add("--perceptual", metavar="FILE", help="LPIPS of the loss: alex, or a file [as suits the model]")
    add("--identity", metavar="FILE", help="identity network of the loss [as suits the model]")
    add("--judge", metavar="FILE", help="identity network that measures [as suits the model]")


def run(arguments: argparse.Namespace) -> None:
    """Unlearn.

    Raises:
      InputError: if an argument, a file or a setting cannot be used; before the long part.
      Interrupted: after Ctrl-C.
    """
    from jaxunlearn import configuration, presets
    from jaxunlearn.commands.settings import read_config
    from jaxunlearn.models import load_models
    from jaxunlearn.people import people_of_images, people_of_latents, people_of_seeds
    from jaxunlearn.report.story import show
    from jaxunlearn.runner import unlearn

    config = read_config(arguments.config, arguments.overrides, presets.default_for(arguments.model))
    if arguments.steps:
        config.steps = arguments.steps
    configuration.check(config)
    models = load_models(
        arguments.model,
        perceptual=arguments.perceptual,
        identity=arguments.identity,
        judge=arguments.judge,
        w_avg=arguments.w_avg,
    )
    if arguments.seed is not None:
        people = people_of_seeds(models, arguments.seed)
    elif arguments.latents is not None:
        people = people_of_latents(models, arguments.latents)
    else:
        people = people_of_images(
            models,
            arguments.image,
            method=arguments.method,
            encoder=arguments.encoder,
            compute=configuration.compute(config),
        )
    out = arguments.out or Path("runs") / people.name
    result = unlearn(models, people.ws, config, workdir=out, subjects=people.subjects)
    folder = show(models, result, config)
    for k in range(len(people.subjects)):
        print(folder.generator(k))
    print(folder.report)
    print(f"measure it: jaxunlearn evaluate {out}")
