"""Arguments of `jaxunlearn align`."""

from argparse import ArgumentParser

from jaxunlearn.cli.argument_groups import PHOTO_SOURCES
from jaxunlearn.cli.argument_types import face, local_path, not_negative

DESCRIPTION = """\
Crop photos of faces as those of EG3D's training set were cropped: 512², the face upright, its size and place
fixed by eyes, nose and mouth. DIR/overlays shows each photo with the faces found in it. DIR/landmarks.json
has their points. Crops from a person's folder, or of people in a table, are in DIR/PERSON.

Photos without a face, with several faces, blurred or too small are refused by name. The others are cropped.
"""
EXAMPLES = """\
examples:
  jaxunlearn align holiday/*.jpg --out aligned
  jaxunlearn align people/ --out aligned --face largest
  jaxunlearn align photo.jpg --out aligned --landmarks landmarks.json
  jaxunlearn align photo.jpg --out aligned --detector facenet_pytorch-2.6.0-py3-none-any.whl
  jaxunlearn unlearn --image aligned --model ffhq.safetensors --out runs/them
"""


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    add = parser.add_argument
    add("photos", type=local_path, nargs="+", metavar="PHOTO", help=PHOTO_SOURCES)
    add(
        "--out",
        type=local_path,
        required=True,
        metavar="DIR",
        help="folder to write, which holds none of the photos",
    )
    points = parser.add_mutually_exclusive_group()
    points.add_argument(
        "--landmarks",
        type=local_path,
        metavar="FILE",
        help="JSON: name of a photo → 5 or 68 points [x, y] in pixels from its upper left corner; 5 are the "
        "left and right eye as seen in the picture, nose, left and right corner of the mouth",
    )
    points.add_argument(
        "--detector",
        type=local_path,
        metavar="FILE",
        help="weights of the face detector MTCNN: mtcnn_weights.zip, the wheel of facenet-pytorch 2.6 or of "
        "mtcnn 1.0, a folder, a .safetensors file [weights found on this machine]",
    )
    add("--face", type=face, metavar="N|largest", help="which of several faces, counted from the left")
    _add_limits(parser)
    add(
        "--recipe",
        choices=("training", "wild"),
        default="training",
        help="training: turned upright, the photo mirrored and blurred beyond its border, as EG3D's training "
        "set; wild: not turned, black beyond the border, as EG3D's script for other photos [training]",
    )
    add("--size", type=int, choices=(64, 128, 256, 512, 1024), default=512, help="pixels a side [512]")


def _add_limits(parser: ArgumentParser) -> None:
    """Add the options that say which photos are refused."""
    add = parser.add_argument
    add(
        "--min-side",
        type=not_negative,
        default=128,
        metavar="PX",
        help="smallest width of the crop in the photo [128]",
    )
    add(
        "--min-sharpness",
        type=not_negative,
        default=0.15,
        metavar="X",
        help="smallest share of fine detail in the contrast; sharp photos have 0.3 to 0.8 [0.15]",
    )
    add(
        "--min-score",
        type=not_negative,
        default=0.9,
        metavar="P",
        help="smallest certainty of a detection [0.9]",
    )
