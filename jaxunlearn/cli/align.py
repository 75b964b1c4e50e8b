"""`jaxunlearn align`: crop photographs as EG3D's training photographs were."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from unicodedata import normalize

from jaxunlearn.cli.options import local_path, not_negative
from jaxunlearn.terminal import say

if TYPE_CHECKING:
    from jaxunlearn.photos.folders import ListedPhoto

_DESCRIPTION = """\
Crop photographs of faces as those of EG3D's training set were: 512², the face upright, its size and place
fixed by eyes, nose and mouth. Beside each crop, in DIR/overlays, the photo with what was found in it, and in
DIR/landmarks.json the points. Crops of a person's folder, or of people in a table, are in DIR/PERSON.

Photos without a face, with several, blurred or too small are refused by name; the others go on.
"""
_EXAMPLES = """\
examples:
  jaxunlearn align holiday/*.jpg --out aligned
  jaxunlearn align people/ --out aligned --face largest
  jaxunlearn align photo.jpg --out aligned --landmarks landmarks.json
  jaxunlearn align photo.jpg --out aligned --detector facenet_pytorch-2.6.0-py3-none-any.whl
  jaxunlearn unlearn --image aligned --model ffhq.safetensors --out runs/them
"""


def add_parser(subparsers: Any) -> None:
    """Register the subcommand."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "align",
        help="crop photographs of faces as EG3D's training photographs were",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add(
        "photos",
        type=local_path,
        nargs="+",
        metavar="PHOTO",
        help="pictures, folders of them or of people's folders, tables (image,identity)",
    )
    add("--out", type=local_path, required=True, metavar="DIR", help="folder to write")
    points = parser.add_mutually_exclusive_group()
    points.add_argument(
        "--landmarks", type=local_path, metavar="FILE", help="JSON: name of a photo → 5 or 68 points [x, y]"
    )
    points.add_argument(
        "--detector",
        type=local_path,
        metavar="FILE",
        help="weights of the face detector MTCNN: mtcnn_weights.zip, the wheel of facenet-pytorch 2.6 or of "
        "mtcnn 1.0, a folder, a .safetensors file [those that are here]",
    )
    add("--face", type=_face, metavar="N|largest", help="which of several faces, counted from the left")
    add(
        "--min-side",
        type=not_negative,
        default=128,
        metavar="PX",
        help="least width of the crop in the photo [128]",
    )
    add(
        "--min-sharpness",
        type=not_negative,
        default=0.15,
        metavar="X",
        help="least share of detail in the contrast; sharp photos have 0.3 to 0.8 [0.15]",
    )
    add(
        "--min-score",
        type=not_negative,
        default=0.9,
        metavar="P",
        help="least certainty of a detection [0.9]",
    )
    add(
        "--recipe",
        choices=("training", "wild"),
        default="training",
        help="training: turned upright, the photo mirrored and blurred beyond its border, as EG3D's training "
        "set; wild: not turned, black beyond the border, as EG3D's script for other photos [training]",
    )
    add("--size", type=int, choices=(64, 128, 256, 512, 1024), default=512, help="pixels a side [512]")
    parser.set_defaults(run=run)


def _face(text: str) -> int | Literal["largest"]:
    if text == "largest":
        return "largest"
    if text.isdecimal() and int(text) >= 1:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is neither `largest` nor a number from 1")


def run(arguments: argparse.Namespace) -> None:
    """Align.

    Raises:
      InputError: if an argument cannot be used, there is no detector, or no photo could be aligned.
      torch_bridge.CheckpointError: if the detector's file cannot be read.
    """
    from tqdm import tqdm

    from jaxunlearn.errors import InputError
    from jaxunlearn.files.door import write_json
    from jaxunlearn.photos.align import AlignmentSettings, align_photo
    from jaxunlearn.photos.pictures.image_io import open_picture
    from jaxunlearn.photos.sources import listed_photos
    from jaxunlearn.reporting.overlay import overlay

    photos = [photo for source in arguments.photos for photo in listed_photos(source)]
    refused = [photo.unusable for photo in photos if photo.unusable]
    listed = [photo for photo in photos if not photo.unusable]
    if len({photo.name for photo in listed}) < len(listed):
        raise InputError("two photos have the same name, and so would their crops; align them one by one")
    crops = _crop_files(listed)
    faces = _finder(arguments)
    training = arguments.recipe == "training"
    settings = AlignmentSettings(
        face=arguments.face,
        min_side=arguments.min_side,
        min_sharpness=arguments.min_sharpness,
        upright=training,
        border="mirror" if training else "black",
        size=arguments.size,
    )
    arguments.out.mkdir(parents=True, exist_ok=True)
    found: dict[str, Any] = {}
    for one, file in zip(
        tqdm(listed, desc="aligning", unit="photo", disable=len(listed) == 1), crops, strict=True
    ):
        try:
            photo = open_picture(one.path)
        except InputError as error:
            refused.append(str(error))
            continue
        alignment = align_photo(photo, lambda picture, name=one.name: faces(name, picture), settings)
        _save(overlay(photo, alignment), arguments.out / "overlays" / file)
        if alignment.crop is None or alignment.chosen is None:
            refused.append(f"{one.path}: {alignment.reason}")
            continue
        _save(alignment.crop, arguments.out / file)
        square = alignment.squares[alignment.chosen]
        found[one.name] = {
            "points": alignment.points[alignment.chosen].round(2).tolist(),
            "centre": [round(x, 2) for x in square.centre],
            "side": round(square.side, 2),
            "angle": round(square.angle, 4),
        }
    if found:
        write_json(arguments.out / "landmarks.json", found)
    if not found:
        more = "" if len(refused) == 1 else f" (and {len(refused) - 1} more, none could be aligned)"
        raise InputError(refused[0] + more)
    for reason in refused:
        say(f"refused: {reason}", sys.stderr)
    say(
        f"{len(found)} of {len(photos)} aligned: {arguments.out}; what was seen: {arguments.out / 'overlays'}"
    )


def _crop_files(photos: "Sequence[ListedPhoto]") -> list[Path]:
    """A file for the crop of each photo, in a folder of its person's name unless it is its own."""
    from jaxunlearn.files.names import distinct_file_names

    of_people: dict[str, list[ListedPhoto]] = {}
    for photo in photos:
        of_people.setdefault("" if photo.person == photo.name else photo.person, []).append(photo)
    folders = distinct_file_names([person for person in of_people if person], plain=False)
    places = {"": Path()} | dict(zip(filter(None, of_people), map(Path, folders), strict=True))
    files: dict[str, Path] = {}
    for person, theirs in of_people.items():
        stems = distinct_file_names([photo.path.stem for photo in theirs], plain=False, longest=200)
        files |= {
            photo.name: places[person] / f"{stem}.png" for photo, stem in zip(theirs, stems, strict=True)
        }
    return [files[photo.name] for photo in photos]


def _finder(arguments: argparse.Namespace) -> Any:
    """(name, photo) → landmarks of its faces `[F, N, 2]`."""
    import numpy as np

    from jaxunlearn.errors import InputError

    if arguments.landmarks is not None:
        from jaxunlearn.photos.crop import NoSquare
        from jaxunlearn.photos.landmarks import read_landmarks

        known = read_landmarks(arguments.landmarks)

        def listed(name: str, _: Any) -> np.ndarray:
            for each in (normalize("NFC", name), normalize("NFC", Path(name).name)):
                if each in known.refused:
                    raise NoSquare(known.refused[each])
                if each in known.points:
                    return known.points[each]
            return np.empty((0, 5, 2))

        return listed
    from jaxunlearn.photos.face_detector import HOW_TO_GET_ONE, find_detector

    detector = find_detector(arguments.detector)
    if detector is None:
        raise InputError(HOW_TO_GET_ONE)

    def faces(_: str, photo: Any) -> np.ndarray:
        smallest = max(
            20.0, arguments.min_side / 4, max(photo.size) / 60
        )  # smaller ones cost time and are noise
        return detector.faces(photo, min_face=smallest, min_score=arguments.min_score)

    return faces


def _save(picture: Any, path: Path) -> None:
    import numpy as np

    from jaxunlearn.images import save_png

    path.parent.mkdir(parents=True, exist_ok=True)
    save_png(path, np.asarray(picture))
