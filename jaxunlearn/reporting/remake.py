"""Make the page of a run anew from what its folder holds."""

from collections.abc import Sequence
from pathlib import Path

from jaxunlearn.files.lock import is_locked
from jaxunlearn.reporting.page.run_page import write_run_page
from jaxunlearn.reporting.sheets.rendering import missing_sheets, write_pictures
from jaxunlearn.training.result import finished
from jaxunlearn.training.storage.networks_of_run import models_again
from jaxunlearn.training.storage.run_dir import RunFolder

UNUSED_NETWORKS = {"perceptual": "alex", "identity": "heads-loss"}
"""In place of the networks of a run's loss: pictures need none, and the files of these may be gone."""


def remake_run_page(
    folder: RunFolder,
    *,
    model: str | None = None,
    adapters: Sequence[str | Path] = (),
    w_avg: Path | None = None,
    progress: bool = True,
) -> Path:
    """Write the page of a run; pictures that its folder does not hold are rendered.

    Only the sheets of a person's other photos are not rendered: `evaluate` makes them.

    Args:
      folder: the run; it may still be going on.
      model: the source generator, if its file has moved since the run.
      adapters: those of the source, if their files have moved.
      w_avg: the mean latent of the run, if its file has moved.
      progress: True shows progress bars.

    Returns:
      Path of the page.

    Raises:
      InputError: if the folder is not of a run, or the source generator is another one.
    """
    _ = folder.request  # raises if the folder is not of a run
    if not folder.finished():
        return write_run_page(folder, going=is_locked(folder.path))
    if missing_sheets(folder):
        moved = {} if w_avg is None else {"w_avg": str(w_avg)}
        files = {**UNUSED_NETWORKS, **moved}
        models = models_again(folder, model=model, adapters=adapters, network_files=files)
        write_pictures(models, finished(folder, models.generator), folder.config, progress=progress)
    return write_run_page(folder)
