"""Arguments of `jaxunlearn invert`."""

from argparse import ArgumentParser
from pathlib import Path

from jaxunlearn.cli.argument_groups import PHOTO_SOURCES, add_devices, add_inversion, add_models
from jaxunlearn.cli.argument_types import MOST_BATCH, MOST_STEPS, local_path, name_or_path, whole

DESCRIPTION = """\
Find the latents of photos, which must be framed as the generator's images. Print how good they are: LPIPS and
mean squared difference (in [-1, 1]) between photo and reconstruction, and their identity similarity by the
network that no loss uses. Photos that cannot be used are named and left out.
"""
EXAMPLES = """\
examples:
  jaxunlearn invert photo.png more_photos/ --out inverted
  jaxunlearn invert photo.png --method encoder --out encoded
  jaxunlearn invert photo.png --model ffhq.safetensors --encoder encoder_FFHQ.pt --out person.npz
  jaxunlearn unlearn --latents inverted/photo.npz

With --out DIR each photo gets DIR/NAME.npz and DIR/NAME.png, and all photos share DIR/inversion.json. With
--out FILE.npz all latents are in one file, with FILE.json and FILE_NAME.png beside it. A picture shows the
photo, its reconstruction from the same camera, and other views.

Files are written after each batch. After an interruption the same command resumes.
"""


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    add = parser.add_argument
    add(
        "images",
        type=name_or_path,
        nargs="+",
        metavar="IMAGE",
        help=f"{PHOTO_SOURCES}, tfds:NAME[split]",
    )
    add_inversion(parser, "--method")
    add("--steps", type=whole(1, MOST_STEPS), metavar="N", help="steps of the search [40; hybrid: 20]")
    add("--batch", type=whole(1, MOST_BATCH), metavar="N", help="photos at a time; more need more memory [8]")
    add_devices(parser, "number of devices that share each batch")
    add_models(parser)
    add(
        "--out",
        type=local_path,
        default=Path("inverted"),
        metavar="DIR",
        help="folder to write, which holds nothing else, or FILE.npz [%(default)s]",
    )
    parser.set_defaults(resumes=True)
