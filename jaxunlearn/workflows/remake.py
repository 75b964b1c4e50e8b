"""Make the page of any folder anew: of a run, a sweep, a sequence, a work list, a table or an inversion."""

from collections.abc import Callable, Sequence
from pathlib import Path

from jaxunlearn.errors import InputError
from jaxunlearn.files.lock import is_locked
from jaxunlearn.files.paths import check_folder
from jaxunlearn.photos.inversion.output import INVERSION, figures_file, in_one_file
from jaxunlearn.reporting.page.inversion_page import write_inversion_page
from jaxunlearn.reporting.remake import remake_run_page
from jaxunlearn.training.storage.request import RUN
from jaxunlearn.training.storage.run_dir import RunFolder
from jaxunlearn.workflows import sweep
from jaxunlearn.workflows.batch_dir import WORKLIST, WorklistFolder
from jaxunlearn.workflows.batch_report import write_worklist_page
from jaxunlearn.workflows.continual_report import write_requests_page
from jaxunlearn.workflows.registry import REGISTRY, Registry
from jaxunlearn.workflows.reproduce.folder import TABLE
from jaxunlearn.workflows.reproduce.writing import remake_table

_PAGES: dict[str, Callable[[Path], Path]] = {
    sweep.TABLE: sweep.remake_sweep_page,
    TABLE: lambda folder: remake_table(folder, going=is_locked(folder)),
    REGISTRY: lambda folder: write_requests_page(Registry.read(folder), going=is_locked(folder)),
    WORKLIST: lambda folder: write_worklist_page(WorklistFolder(folder), going=is_locked(folder)),
    INVERSION: lambda folder: write_inversion_page(figures_file(folder)),
}
"""File that makes a folder one of its kind → what writes the page of such a folder."""


def remake_page(
    folder: Path,
    *,
    model: str | None = None,
    adapters: Sequence[str | Path] = (),
    w_avg: Path | None = None,
    progress: bool = True,
) -> Path:
    """Write the page of a folder from what it holds; missing pictures of a run are rendered.

    Args:
      folder: of a run, a sweep, a sequence of requests, a work list, a table of a paper or an inversion; or
        the .npz of an inversion in one file.
      model: the source generator of a run, if its file has moved.
      adapters: those of the source, if their files have moved.
      w_avg: the mean latent of a run, if its file has moved.
      progress: True shows progress bars.

    Returns:
      Path of the page.

    Raises:
      InputError: if the folder holds none of these, or the source generator is another one.
    """
    write = _writer(folder)
    if write is None:
        return remake_run_page(
            RunFolder(folder), model=model, adapters=adapters, w_avg=w_avg, progress=progress
        )
    if model is not None:
        raise InputError(f"--model {model}: the page of {folder} needs no generator; leave it out")
    if adapters:
        raise InputError(f"--adapter {adapters[0]}: the page of {folder} needs no adapters; leave it out")
    if w_avg is not None:
        raise InputError(f"--w-avg {w_avg}: the page of {folder} needs no mean latent; leave it out")
    return write(folder)


def _writer(folder: Path) -> Callable[[Path], Path] | None:
    """Return what writes the page of a folder; None for the folder of a run.

    Raises:
      InputError: if there is nothing that has a page.
    """
    if in_one_file(folder) and not folder.is_dir():
        return _write_page_beside
    check_folder(folder)
    for name, write in _PAGES.items():
        if (folder / name).is_file():
            return write
    if not (folder / RUN).is_file():
        raise InputError(
            f"{folder}: not the folder of a run, a sweep, a sequence of requests, a work list, a "
            "paper's table or an inversion"
        )
    return None


def _write_page_beside(latents: Path) -> Path:
    """Write the page of an inversion in one file."""
    figures = figures_file(latents)
    if not figures.is_file():
        raise InputError(f"{latents}: has no page, because there is no {figures.name} of jaxunlearn invert")
    return write_inversion_page(figures)
