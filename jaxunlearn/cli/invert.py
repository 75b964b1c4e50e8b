"""`jaxunlearn invert`: photographs become latents."""

import argparse
import dataclasses
import time
from pathlib import Path
from typing import Any

from jaxunlearn.cli.options import (
    MOST_BATCH,
    MOST_DEVICES,
    MOST_STEPS,
    add_inversion,
    add_models,
    local_path,
    models_of,
    name_or_path,
    whole,
)
from jaxunlearn.terminal import complain, say, say_lines

_DESCRIPTION = """\
Find the latents of photographs, framed as the generator's images, and say how good they are: LPIPS and mean
squared difference (in [-1, 1]) between photograph and reconstruction, and their identity similarity by the
network that no loss has seen. Photographs that cannot be used are named and left out.
"""
_EXAMPLES = """\
examples:
  jaxunlearn invert photo.png more_photos/ --out inverted
  jaxunlearn invert photo.png --method encoder --out inverted
  jaxunlearn invert photo.png --model ffhq.safetensors --encoder encoder_FFHQ.pt --out person.npz
  jaxunlearn unlearn --latents inverted/photo.npz

With --out DIR each photograph gets DIR/NAME.npz and DIR/NAME.png, and all of them DIR/inversion.json; with
--out FILE.npz all latents are in one file, FILE.json and FILE_NAME.png beside it. A picture shows the
photograph, its reconstruction seen from where the photograph was taken, and other views.
"""


def add_parser(subparsers: Any) -> None:
    """Register the subcommand."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "invert",
        help="find the latents of photographs",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add(
        "images",
        type=name_or_path,
        nargs="+",
        metavar="IMAGE",
        help="pictures, folders of them or of people's folders, tables (image,identity), tfds:NAME[split]",
    )
    add_inversion(parser, "--method")
    add("--steps", type=whole(1, MOST_STEPS), metavar="N", help="of the search [40; hybrid: 20]")
    add("--batch", type=whole(1, MOST_BATCH), metavar="N", help="photographs at a time: memory [8]")
    add(
        "--devices",
        type=whole(1, MOST_DEVICES),
        default=1,
        metavar="N",
        help="that share each batch [%(default)s]",
    )
    add_models(parser)
    add("--out", type=local_path, default=Path("inverted"), metavar="DIR", help="or FILE.npz [%(default)s]")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Invert.

    Raises:
      InputError: if no photograph, or another file or argument, can be used; before the long part.
    """
    import jax
    import numpy as np

    from eg3d_flax import Compute
    from jaxunlearn.errors import InputError
    from jaxunlearn.models.renderer import Renderer
    from jaxunlearn.photos import inversion_report as results
    from jaxunlearn.photos.invert import (
        default_method,
        encoder_for,
        invert_photographs,
        settings_for,
        side_of_file,
    )
    from jaxunlearn.photos.sources import Photograph, Refused, iterate_photographs, whole_images
    from jaxunlearn.sharding import make_mesh

    out: Path = arguments.out
    if out.suffix not in ("", ".npz") and not out.is_dir():
        raise InputError(f"--out {out}: give a folder, or a file that ends in .npz")
    if arguments.steps and arguments.method == "encoder":
        raise InputError("--steps: an encoder takes none; choose --method hybrid")
    mesh = make_mesh(1, arguments.devices) if arguments.devices > 1 else None
    models = models_of(arguments)
    method = arguments.method or default_method(models, arguments.encoder)
    encoder = None if method == "optimize" else encoder_for(models, arguments.encoder)
    side = models.generator.config.img_resolution
    whole_side = side_of_file(encoder, arguments.encoder_input)
    read = [
        one for source in arguments.images for one in iterate_photographs(source, side, whole_side=whole_side)
    ]
    photographs = [one for one in read if isinstance(one, Photograph)]
    refused = [one.reason for one in read if isinstance(one, Refused)]
    for line in refused:
        complain(f"left out: {line}")
    if not photographs:
        raise InputError("none of the photographs given can be used")

    settings = settings_for(method)
    changes = {name: getattr(arguments, name) for name in ("steps", "batch") if getattr(arguments, name)}
    settings = dataclasses.replace(settings, **changes)
    images = np.stack([photograph.image for photograph in photographs])
    compute = Compute.for_platform(jax.default_backend())
    begun = time.perf_counter()
    found = invert_photographs(
        models,
        images,
        method,
        encoder=encoder,
        encoder_images=whole_images(photographs),
        settings=settings,
        mesh=mesh,
        compute=compute,
    )
    seconds = time.perf_counter() - begun

    figures = results.measure(models, images, found)
    renderer = Renderer(models.generator, batch=min(6, 3 * len(images)), compute=compute)
    written = results.save(
        out,
        photographs,
        found,
        figures,
        results.pictures(models, images, found, renderer),
        results.origin(models, method, encoder and encoder.name, settings, arguments.encoder_input),
        seconds=seconds,
        refused=refused,
    )
    names = [photograph.name for photograph in photographs]
    say_lines(results.table(names, figures, models.judge.name, models.judge.threshold))
    for path in written:
        say(path)
    say(f"make the generator forget them: jaxunlearn unlearn --latents {written[0]}")
