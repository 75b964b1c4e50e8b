"""Arguments of `jaxunlearn bake`."""

from argparse import ArgumentParser
from pathlib import Path

from jaxunlearn.cli.argument_groups import (
    add_adapters,
    add_config,
    add_devices,
    add_inception,
    add_judge,
    add_mean,
    add_networks,
    add_strength,
)
from jaxunlearn.cli.argument_types import MOST_SEEDS, local_path, name_or_path, seeds, whole

DESCRIPTION = """\
Turn a generator with adapters, as LEGATO and SUGAR with adapters make it, into plain weights of the official
architecture. They are trained to render what the adapted generator renders. Then no adapter is left that
somebody could take off. Writes generator.safetensors and, in loss.json, what baking lost. After an
interruption the same command resumes.
"""
EXAMPLES = """\
examples:
  jaxunlearn bake runs/seven --out baked/seven
  jaxunlearn bake runs/ten --person 3 --out baked/three
  jaxunlearn bake --adapter seven.safetensors --adapter eight.safetensors --seeds 7,8 --out baked/both
  jaxunlearn bake --model ffhq.safetensors --adapter person.safetensors --latents person.npz
  jaxunlearn convert baked/seven/generator.safetensors seven.pth --to torch
"""


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    add = parser.add_argument
    add(
        "folder",
        type=local_path,
        nargs="?",
        metavar="RUN",
        help="folder of a finished run with adapters: it knows generator, adapters and people",
    )
    add(
        "--person",
        type=whole(0, MOST_SEEDS - 1),
        metavar="N",
        help="with RUN whose people have adapters of their own, number of the person to bake, from 0 [0]",
    )
    add(
        "--model",
        type=name_or_path,
        help="the generator; with RUN, the source generator if its file has moved since [heads]",
    )
    add_adapters(parser, "adapters to bake; with RUN, adapters of the source if their files have moved")
    add_strength(parser)
    who = parser.add_mutually_exclusive_group()
    who.add_argument(
        "--seeds", type=seeds, metavar="N", help="without RUN: whom the adapters forget, by seeds"
    )
    who.add_argument(
        "--latents",
        type=local_path,
        metavar="FILE",
        help="without RUN: whom the adapters forget, ws from .npz, .npy, .pt or .safetensors",
    )
    add("--out", type=local_path, default=Path("baked"), metavar="DIR", help="folder to write [%(default)s]")
    add_networks(parser, "[as in RUN, else as suits the model]")
    add_mean(parser, "[as in RUN, else the generator's own]")
    add_judge(parser)
    add_inception(parser)
    add_devices(
        parser,
        "number of devices that share the latents of a step; config.latents.batch must be a multiple of it, "
        "and config.latents.images should be",
    )
    add_config(parser)
    parser.set_defaults(resumes=True)
