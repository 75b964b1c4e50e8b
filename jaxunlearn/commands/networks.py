"""Options for the networks that a command works with."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from jaxunlearn.commands.arguments import name_or_path

if TYPE_CHECKING:
    from jaxunlearn.models import Models


def add_inversion(parser: argparse.ArgumentParser, option: str) -> None:
    """Options for `inversion_methods`; `option` is what the choice of the method is called."""
    add = parser.add_argument
    add(
        option,
        choices=("encoder", "optimize", "hybrid"),
        help="how photos become latents: by one pass of an encoder, by a search, or by a search that starts "
        "from the encoder's latents [hybrid with an encoder, else optimize]",
    )
    add("--encoder", type=name_or_path, metavar="FILE", help="encoder [as suits the model]")
    add(
        "--encoder-input",
        choices=("crop", "file"),
        default="crop",
        help="what the encoder is shown: the crop at the model's resolution, or the whole file, squeezed to "
        "the encoder's 256² as by the official scripts' image_to_tensor [%(default)s]",
    )


def add_models(parser: argparse.ArgumentParser) -> None:
    """Options for `models.load_models`."""
    add = parser.add_argument
    add("--model", type=name_or_path, default="heads", help="a file; heads: the bundled people [%(default)s]")
    add(
        "--perceptual",
        type=name_or_path,
        metavar="FILE",
        help="LPIPS of the loss: alex, or a file [as suits the model]",
    )
    add(
        "--identity",
        type=name_or_path,
        metavar="FILE",
        help="identity network of the loss [as suits the model]",
    )
    add(
        "--judge",
        type=name_or_path,
        metavar="FILE",
        help="identity network that measures [as suits the model]",
    )


def models_of(arguments: argparse.Namespace, w_avg: Path | None = None) -> "Models":
    """What the options of `add_models` name; `w_avg` is a file with the mean latent.

    Raises:
      InputError: if a name or a file given is no such thing.
    """
    from jaxunlearn.models import load_models

    return load_models(
        arguments.model,
        perceptual=arguments.perceptual,
        identity=arguments.identity,
        judge=arguments.judge,
        w_avg=w_avg,
    )
