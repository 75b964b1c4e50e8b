"""Run `jaxunlearn models`: list the models that can be used, and which of them are on this machine."""

import argparse

from tqdm import tqdm

from jaxunlearn.errors import InputError
from jaxunlearn.models.files import pretrained
from jaxunlearn.models.files.pretrained_check import readability
from jaxunlearn.terminal import say


def run(arguments: argparse.Namespace) -> None:
    """Print the list.

    Raises:
      InputError: if a folder of --dir does not exist.
    """
    for folder in arguments.dir:
        if not folder.is_dir():
            raise InputError(f"--dir {folder}: no such folder")
    width = max(len(entry.name) for entry in pretrained.ENTRIES)
    folders = pretrained.search_folders(arguments.dir)
    files = {entry: pretrained.find(entry, folders) for entry in pretrained.ENTRIES}
    here = [(entry, file) for entry, file in files.items() if file is not None]
    states = {}
    for entry, file in tqdm(here, desc="reading", unit="file", disable=not here, leave=False):
        states[entry] = (f"{file}, sha256 {pretrained.sha256(file)}", readability(entry, file))
    say(f"{'heads':{width}} bundled: synthetic people, 128², with their encoder")
    say(f"{'random':{width}} built in: a small generator that was never trained")
    say(f"{'random-ffhq512':{width}} built in: the same of full size, to see what a step costs")
    for entry in pretrained.ENTRIES:
        say(f"{entry.name:{width}} {entry.purpose}")
        say(f"{'':{width}} licence: {entry.licence}")
        for line in states.get(entry, (f"not here; published at {entry.published}",)):
            say(f"{'':{width}} {line}")
