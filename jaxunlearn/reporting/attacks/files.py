"""Files of attacks among the pictures of a run."""

from pathlib import Path

from jaxunlearn.training.storage.run_dir import RunFolder


def attack_picture(folder: RunFolder, person: int) -> Path:
    """Return the file of the picture of what attacks brought back of a person."""
    return folder.images / f"attack{person:04d}.png"
