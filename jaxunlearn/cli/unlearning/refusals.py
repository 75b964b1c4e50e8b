"""What `jaxunlearn unlearn` refuses before models are loaded and photos inverted, which takes long."""

import argparse
import contextlib
import functools
import os
from collections.abc import Sequence
from pathlib import Path

import jax

from jaxunlearn.cli.argument_types import MOST_COPIES
from jaxunlearn.errors import InputError
from jaxunlearn.files.paths import check_writable
from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.methods.registry import method_of
from jaxunlearn.models.files.pretrained import sha256
from jaxunlearn.photos.sources import paths_of
from jaxunlearn.process.multihost import leader_first, leads
from jaxunlearn.training.storage.run_dir import RunFolder
from jaxunlearn.training.storage.same_run import OTHER_RUN
from jaxunlearn.workflows.batch_dir import WorklistFolder
from jaxunlearn.workflows.sweep import check_free


def refuse_combinations(arguments: argparse.Namespace) -> None:
    """Refuse options that cannot be used together.

    Raises:
      InputError: naming both.
    """
    for option, given in (("--sequence", arguments.sequence), ("--sweep-distance", arguments.sweep_distance)):
        if given and jax.process_count() > 1:
            raise InputError(f"{option} cannot be used with several processes; run it on one host")
    if arguments.sweep_distance:
        for option in ("sequence", "identities", "parallel"):
            if getattr(arguments, option) is not None:
                raise InputError(
                    f"--sweep-distance cannot be used with --{option}; give --seed, --latents or --image"
                )
    if arguments.parallel and arguments.seed is None and arguments.identities is None:
        raise InputError("--parallel needs --identities or --seed")
    if arguments.seed is not None or arguments.latents is not None:
        refuse_inversion(arguments)


def refuse_inversion(arguments: argparse.Namespace) -> None:
    """Refuse the options of inversion where no photo is inverted.

    Raises:
      InputError: naming the option.
    """
    for option, given in (
        ("--inversion", arguments.inversion is not None),
        ("--encoder", arguments.encoder is not None),
        ("--encoder-input", arguments.encoder_input != "crop"),
    ):
        if given:
            raise InputError(f"{option}: no photos are given that could be inverted; leave it out")


def refuse_too_many(config: ConfigDict, people: int) -> None:
    """Refuse more copies of the generator than are trained at once.

    Raises:
      InputError: saying what to do instead.
    """
    if people > MOST_COPIES and not method_of(config).shares_generator(config):
        raise InputError(
            f"{people} people at once need as many copies of the generator; train some at a time: "
            "--parallel 8"
        )


def check_out(arguments: argparse.Namespace, out: Path, listed: bool) -> None:
    """Check the folder before models are loaded and photos inverted, which takes long.

    Args:
      arguments: those of the command.
      out: the folder.
      listed: True for a work list.

    Raises:
      InputError: if nothing can be written there, or the folder holds other files, or a run of other photos.
    """
    if not leads():  # one process writes
        return
    check_writable(out)
    if arguments.sweep_distance:
        check_free(out)
    elif listed:
        WorklistFolder(out).check_free()
    elif arguments.sequence is None:  # `forget_requests` checks it before it inverts photos
        RunFolder(out).check_free()
        if arguments.image is not None and RunFolder(out).exists():
            _refuse_run_of_others(RunFolder(out), paths_of(arguments.image))


def _refuse_run_of_others(folder: RunFolder, photos: Sequence[Path]) -> None:
    """Refuse a run that began with a photo that is not among those given.

    Raises:
      InputError: if there is one.
    """
    began_with = {digest for digest in folder.request.photos_sha256 if digest}
    there = all(os.path.isfile(photo) for photo in photos)  # else the one that is missing is named later
    if there and not began_with <= {sha256(photo) for photo in photos}:
        raise InputError(f"{folder.path}: is a run with other photos; {OTHER_RUN}")


def check_seen_by_all(kind: type[RunFolder | WorklistFolder], out: Path) -> None:
    """Check that all hosts see the same folder, before models are loaded and photos inverted.

    Raises:
      InputError: if one does not.
    """
    if jax.process_count() > 1:
        with contextlib.ExitStack() as stack:
            lock = kind(out, writes=leads()).lock()
            leader_first(functools.partial(stack.enter_context, lock), "the folder that all see")
