"""Run `jaxunlearn align`: crop photos as EG3D's training photos were cropped."""

import argparse
import sys

from jaxunlearn.errors import InputError
from jaxunlearn.photos.alignment.align import AlignmentSettings
from jaxunlearn.photos.alignment.align_files import align_files
from jaxunlearn.photos.alignment.face_detector import faces_from_detector
from jaxunlearn.photos.alignment.landmarks import faces_from_file
from jaxunlearn.photos.folders import OVERLAYS
from jaxunlearn.photos.sources import listed_photos
from jaxunlearn.reporting.overlay import overlay
from jaxunlearn.terminal import say


def run(arguments: argparse.Namespace) -> None:
    """Align.

    Raises:
      InputError: if an argument cannot be used, there is no detector, or no photo could be aligned.
      torch_bridge.CheckpointError: if the detector's file cannot be read.
    """
    photos = [photo for source in arguments.photos for photo in listed_photos(source)]
    if arguments.landmarks is not None:
        names = [photo.name for photo in photos if not photo.unusable]
        faces = faces_from_file(arguments.landmarks, names)
    else:
        faces = faces_from_detector(
            arguments.detector, min_side=arguments.min_side, min_score=arguments.min_score
        )
    training = arguments.recipe == "training"
    settings = AlignmentSettings(
        face=arguments.face,
        min_side=arguments.min_side,
        min_sharpness=arguments.min_sharpness,
        upright=training,
        border="mirror" if training else "black",
        size=arguments.size,
    )
    result = align_files(photos, arguments.out, faces, settings, overlay=overlay)
    if not result.aligned and len(result.refused) == 1:
        raise InputError(result.refused[0])
    for reason in result.refused:
        say(f"refused: {reason}", sys.stderr)
    overlays = arguments.out / OVERLAYS
    seen = f"; pictures of what was found: {overlays}" if overlays.is_dir() else ""
    if not result.aligned:
        raise InputError(f"none of {len(photos)} photos could be aligned{seen}")
    say(f"{len(result.aligned)} of {len(photos)} aligned: {arguments.out}{seen}")
