"""Files of latents of the forgotten people's other photos, and whose they are."""

import os
from collections.abc import Sequence
from pathlib import Path

from eg3d_flax import GeneratorConfig
from jaxunlearn.errors import InputError, shortened
from jaxunlearn.evaluation.other_photos.photos import OtherPhotos
from jaxunlearn.files.names import file_name
from jaxunlearn.models.latent_io import read_latents

SUFFIXES = (".npz", ".npy", ".pt", ".pth", ".pkl", ".safetensors")


def read_others(
    given: Sequence[str], subjects: Sequence[str], config: GeneratorConfig
) -> dict[int, OtherPhotos]:
    """Read latents of other photos.

    Args:
      given: values of `--others`. `WHO=FILE` is of one person, by number (from 0) or name. A folder has a
        file for each person, called by number or name. Where one person was forgotten, a plain `FILE` is
        theirs.
      subjects: names of the forgotten people.
      config: of the generator.

    Returns:
      Number of a person → their latents, without photos.

    Raises:
      InputError: if a file cannot be read, nobody has such a name, or somebody is named twice.
    """
    latents: dict[int, OtherPhotos] = {}
    for who, path in (each for text in given for each in _files(text, subjects)):
        person = _number(who, subjects)
        if person is None:
            raise InputError(
                f"--others {path}: nobody called {shortened(who)!r} was forgotten; give a number from 0 to "
                f"{len(subjects) - 1}, or a name such as {shortened(subjects[0])!r}"
            )
        if person in latents:
            raise InputError(f"--others {path}: {shortened(subjects[person])} is named twice; give one file")
        latents[person] = OtherPhotos(read_latents(path, config))
    return latents


def _files(text: str, subjects: Sequence[str]) -> list[tuple[str, Path]]:
    """Return the files of one value, each with whose it is."""
    if os.path.isdir(text):
        files = sorted(path for path in Path(text).iterdir() if path.suffix.lower() in SUFFIXES)
        if not files:
            raise InputError(f"--others {text}: has no files of latents ({', '.join(SUFFIXES)})")
        return [(path.stem, path) for path in files]
    who, equals, name = text.partition("=")
    if equals and not os.path.exists(text):  # a file may have = in its name
        return [(who, Path(name))]
    if len(subjects) > 1:
        raise InputError(
            f"--others {text}: the run forgot {len(subjects)} people; say whose it is, such as "
            f"--others 0={text}, or give a folder with a file for each person"
        )
    return [("0", Path(text))]


def _number(who: str, subjects: Sequence[str]) -> int | None:
    """Return the number of the person with this name, or this number; None if there is nobody."""
    if who in subjects:
        return list(subjects).index(who)
    named = [k for k, subject in enumerate(subjects) if file_name(subject) == who]
    if len(named) == 1:
        return named[0]
    if who.isascii() and who.isdecimal() and len(who) < 9 and int(who) < len(subjects):
        return int(who)
    return None
