"""Make a table of a paper: a run folder for each row and column, measured alike, and what they come to."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import Mesh
from tqdm import tqdm

import jaxunlearn
from eg3d_flax import Compute
from jaxunlearn.errors import check_whole
from jaxunlearn.evaluation import EvaluationSettings, Features, Reference
from jaxunlearn.evaluation.evaluate import default_features, evaluate, measure_reference, other_photos
from jaxunlearn.evaluation.frontier import frontier_of
from jaxunlearn.evaluation.judges.choice import judges_of
from jaxunlearn.evaluation.other_photos import OtherPhotos
from jaxunlearn.evaluation.protocol import PROTOCOL, comparable
from jaxunlearn.evaluation.real_images import RealStatistics
from jaxunlearn.files.door import copy_file
from jaxunlearn.files.lock import locked_clean
from jaxunlearn.methods.config import from_config
from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.methods.registry import method_of
from jaxunlearn.models.generator import is_small
from jaxunlearn.models.loading import Models
from jaxunlearn.photos.people import People
from jaxunlearn.process.jax_settings import pinned_settings
from jaxunlearn.reporting.page.run_page import write_run_page
from jaxunlearn.reporting.sheets.rendering import write_pictures
from jaxunlearn.training.callbacks import Diverged
from jaxunlearn.training.checks import numbers_of
from jaxunlearn.training.storage.networks_of_run import Origin
from jaxunlearn.training.storage.run_dir import RunFolder
from jaxunlearn.training.trainer import Callback, Moment
from jaxunlearn.training.unlearn import request_of, unlearn
from jaxunlearn.workflows.reproduce.columns import Column, Listed, Whose, listed, people_of
from jaxunlearn.workflows.reproduce.comparable import not_comparable
from jaxunlearn.workflows.reproduce.declaration import Base, Table
from jaxunlearn.workflows.reproduce.figures import compared, figures_of, judged_of
from jaxunlearn.workflows.reproduce.folder import (
    COMMON,
    TABLE,
    CellJson,
    TableJson,
    check_free,
    read_table,
    run_of,
    settings_fingerprint,
)
from jaxunlearn.workflows.reproduce.plan import Cell, Change, chosen_columns, chosen_rows, planned
from jaxunlearn.workflows.reproduce.tables import table_of
from jaxunlearn.workflows.reproduce.writing import write_all

Tell = Callable[[str], object]


@pinned_settings()
def reproduce(
    models: Models,
    name: str,
    out: Path | str,
    whose: Whose,
    *,
    base: Base | None = None,
    rows: Sequence[str] = (),
    numbers: Sequence[int] = (),
    change: Change = lambda config: config,
    features: Features | None = None,
    real: RealStatistics | None = None,
    mesh: Mesh | None = None,
    tell: Tell = lambda line: None,
    progress: bool = True,
) -> TableJson:
    """Make a table of a paper, or go on with it; finished runs are not run again.

    Args:
      models: the source, with the networks of the loss and the judges.
      name: of the table, see `tables.TABLES`.
      out: folder of the table, see `folder`.
      whose: whose pictures fill the columns.
      base: with which settings; None takes those that suit the model.
      rows: keys of rows; empty for all.
      numbers: of people who share a generator, for tables that have such rows; empty for all.
      change: changes the settings of every row before anything is left out of them.
      features: network of the Fréchet distances; None uses AlexNet.
      real: statistics of real images for ΔFID_real.
      mesh: see `training.unlearn`.
      tell: takes sentences on what is left out and how much there is to do, before it begins.
      progress: True shows a bar over all runs.

    Returns:
      What `table.json` holds.

    Raises:
      InputError: if an argument, a file or a setting cannot be used, or the folder holds something else;
        before anything is computed.
      Interrupted: after Ctrl-C or SIGTERM; the state of the run is saved.
    """
    table, out = table_of(name), Path(out)
    if whose.people is not None:
        check_whole("people", whose.people, 1)
    base = base or ("heads" if is_small(models.generator.config) else "paper")
    chosen = chosen_rows(table, rows, numbers)
    columns, remarks = chosen_columns(table, whose, models)
    compute = from_config.compute(change(chosen[0].preset(base)))
    with locked_clean(out, lambda: check_free(out, table.name)):
        who = [listed(models, column, whose, compute, progress=progress) for column in columns]
        cells, more = planned(table, chosen, who, base, change, models, mesh)
        maker = _Maker(models, table, out, features or default_features(), real, mesh, progress)
        content = maker.begun(cells, base, who, [*remarks, *more, *_not_measured(table, real)])
        for line in (*content["remarks"], *_how_much(table, cells)):
            tell(line)
        maker.make_all(cells, who, whose, compute, content)
    return content


def _not_measured(table: Table, real: RealStatistics | None) -> list[str]:
    """Return a sentence if a figure has no real images to be measured with."""
    return ["ΔFID_real is not measured: it needs --real."] if table.real and real is None else []


def _how_much(table: Table, cells: Sequence[Cell]) -> list[str]:
    """Return a sentence on how many runs there are, and of how many steps."""
    steps = sum(cell.config.steps for cell in cells)
    most = max(cell.people for cell in cells)
    alone = "a person alone" if most == 1 else f"up to {most} people, each in a generator of their own"
    whom = f"up to {most} people in one generator" if table.retained else alone
    runs = "1 run" if len(cells) == 1 else f"{len(cells)} runs"
    return [f"{table.name}: {runs}, {steps:,} steps in all, with {whom}."]


class _Tick(Callback):
    """Moves the bar of all runs with each step."""

    every = 0

    def __init__(self, bar: "tqdm[Any]"):
        self._bar = bar

    def after_step(self, moment: Moment) -> None:
        """See `Callback.after_step`."""
        self._bar.update()


@dataclasses.dataclass
class _Maker:
    """Makes the runs of a table.

    The source is measured once, when the first run is to be measured. Other photos of the bundled model's
    people are rendered and inverted once for all rows of a column.
    """

    models: Models
    table: Table
    out: Path
    features: Features
    real: RealStatistics | None
    mesh: Mesh | None
    progress: bool
    source: Reference | None = None
    photos: dict[str, dict[int, OtherPhotos]] = dataclasses.field(default_factory=dict)

    def begun(
        self, cells: Sequence[Cell], base: Base, who: Sequence[Listed], remarks: list[str]
    ) -> TableJson:
        """Write `table.json` with what is planned; earlier runs that were made alike stay in it."""
        origin = Origin.of(self.models)
        content = TableJson(
            table=self.table.name,
            versions={"jaxunlearn": jaxunlearn.__version__, "jax": jax.__version__},
            preset=base,
            made_with={"model": self.models.name, "fingerprint": self.models.fingerprint, **origin.made_with},
            measured_with=measuring(self.models, self.features, self.real, cells[0].config)
            | {"retain_random": None},  # in the column Random alone
            sources={each.column: each.source for each in who},
            remarks=remarks,
            not_comparable=not_comparable(self.models, self.features, cells),
            planned=[[cell.column, cell.row.key] for cell in cells],
            printed=[
                {"table": sheet.name, "column": column, "row": row, "figure": figure}
                | {"mean": number.mean, "spread": number.spread}
                for sheet in self.table.sheets
                for (column, row, figure), number in sheet.published.items()
            ],
            notes={sheet.name: list(sheet.notes) for sheet in self.table.sheets},
            cells=[],
            differences=[],
        )
        if (self.out / TABLE).is_file():
            earlier = read_table(self.out)
            same = ("preset", "made_with", "measured_with")
            if all(earlier[name] == content[name] for name in same):
                content["cells"], content["differences"] = earlier["cells"], earlier["differences"]
                content["sources"] = {**earlier["sources"], **content["sources"]}
        write_all(self.out, content, going=True)
        return content

    def make_all(
        self,
        cells: Sequence[Cell],
        who: Sequence[Listed],
        whose: Whose,
        compute: Compute,
        content: TableJson,
    ) -> None:
        """Invert photos, check runs of earlier calls, and make all runs; `content` is written after each."""
        try:
            people = {
                each.column: people_of(
                    self.models, each, whose, self.table, self.out, compute, progress=self.progress
                )
                for each in who
            }
            self._check_begun(cells, people)
            self._make(cells, people, content)
        finally:  # a page that stays as it is, also after an interruption
            write_all(self.out, content)

    def _check_begun(self, cells: Sequence[Cell], people: Mapping[str, Column]) -> None:
        """Refuse a folder in which a run began with other people or settings, before any run goes on.

        Raises:
          InputError: naming what differs.
        """
        for cell in cells:
            folder = run_of(self.out, cell.column, cell.row.key)
            folder.check_free()
            if folder.exists():
                self._begin(folder, cell, people[cell.column].some(cell.people))

    def _begin(self, folder: RunFolder, cell: Cell, people: People, config: ConfigDict | None = None) -> None:
        shared = method_of(cell.config).shares_generator(cell.config)
        asked = request_of(self.models, people, None, numbers_of(people, None), shared=shared)
        with folder.lock():
            folder.begin(asked, config or cell.config, people.ws)

    def _make(self, cells: Sequence[Cell], people: Mapping[str, Column], content: TableJson) -> None:
        """Make all runs, and write the table after each."""
        steps = sum(cell.config.steps for cell in cells)
        with tqdm(total=steps, unit="step", disable=not self.progress, smoothing=0) as bar:
            for number, cell in enumerate(cells, 1):
                bar.set_description(f"run {number} of {len(cells)}, {cell.column}/{cell.row.key}")
                begun = bar.n
                made = self._made(cell, people[cell.column], bar)
                if self.progress:  # steps of earlier calls took none of this call's time
                    earlier = begun + cell.config.steps - bar.n
                    bar.initial += earlier
                    bar.update(earlier)
                others = [
                    each
                    for each in content["cells"]
                    if (each["column"], each["row"]) != (made["column"], made["row"])
                ]
                content["cells"] = [*others, made]
                content["differences"] = compared(self.table, content["cells"])
                write_all(self.out, content, going=number < len(cells))

    def _made(self, cell: Cell, column: Column, bar: "tqdm[Any]") -> CellJson:
        """Make a run and measure it, unless that is done, and return what the table keeps of it."""
        folder, people = run_of(self.out, cell.column, cell.row.key), column.some(cell.people)
        diverged: Sequence[int] = ()
        if not self._measured(folder, cell, column):
            diverged = self._run(folder, cell, column, people, bar)
        summary = {} if diverged else folder.summary
        return CellJson(
            column=cell.column,
            row=cell.row.key,
            people=list(people.subjects),
            steps=cell.config.steps,
            settings=settings_fingerprint(cell.config),
            diverged=[people.subjects[k] for k in diverged],
            figures={} if diverged else figures_of(self.table, people.subjects, summary),
            judged=None if diverged else judged_of(summary, cell.people),
        )

    def _run(
        self, folder: RunFolder, cell: Cell, column: Column, people: People, bar: "tqdm[Any]"
    ) -> Sequence[int]:
        """Train and measure; return the numbers of people whose generator diverged, whom nobody measures."""
        config = cell.config
        if self.table.sweep:
            self._share(folder, cell, people)
        callbacks = [*frontier_of(self.models, people, config, folder.path), _Tick(bar)]
        try:
            result = unlearn(
                self.models,
                people,
                config,
                workdir=folder.path,
                mesh=self.mesh,
                callbacks=callbacks,
                progress=False,
            )
        except Diverged:
            return range(len(people.subjects))
        if result.diverged:
            return sorted(result.diverged)
        bar.set_postfix_str("measuring")
        known = self.photos.get(cell.column, {})  # rendered for an earlier row
        given = {k: each for k, each in {**column.others, **known}.items() if k < cell.people}
        photos = other_photos(self.models, people.seeds, config, given, progress=False)
        self.photos[cell.column] = {**known, **photos}
        reference = self._reference(cell, column)
        latents = {k: each.ws for k, each in photos.items()}
        evaluate(self.models, result, config, reference=reference, other_ws=latents, progress=False)
        batch = reference.settings.batch
        write_pictures(self.models, result, config, photos=photos, batch=batch, progress=False)
        write_run_page(folder)
        bar.set_postfix_str("")
        return ()

    def _share(self, folder: RunFolder, cell: Cell, people: People) -> None:
        """Give a run what all rows of a column share, which is computed for the first of them."""
        common = RunFolder(self.out / cell.column / COMMON)
        self._begin(common, cell, people, cell.shared)
        names = method_of(cell.shared).same_for_all_distances(
            self.models, people.ws, cell.shared, common.path, self.mesh, progress=False
        )
        self._begin(folder, cell, people)
        for name in names:
            copy_file(common.path / name, folder.path / name)

    def _reference(self, cell: Cell, column: Column) -> Reference:
        """Return the measured source, with the retaining set of the column."""
        if self.source is None:
            self.source = measure_reference(
                self.models, cell.config, features=self.features, real=self.real, progress=False
            )
        retaining = None if column.retaining is None else jnp.asarray(column.retaining)
        settings = EvaluationSettings.of(cell.config.evaluation)
        return dataclasses.replace(self.source, settings=settings, retaining=retaining)

    def _measured(self, folder: RunFolder, cell: Cell, column: Column) -> bool:
        """Return True if a run is finished, and was measured as this call would."""
        if not folder.finished() or folder.diverged:
            return False
        summary = folder.summary
        if summary.get("steps") != cell.config.steps or "networks" not in summary:
            return False
        before, now = comparable(summary), measuring(self.models, self.features, self.real, cell.config)
        given = (summary["counts"].get("retaining_sha256") is None) == (column.retaining is None)
        return given and all(before.get(name) == value for name, value in now.items())


def measuring(
    models: Models, features: Features, real: RealStatistics | None, config: ConfigDict
) -> dict[str, Any]:
    """Return what decides how runs are measured, by the names of `evaluation.protocol.comparable`."""
    judges = judges_of(models, config.evaluation.align)
    return {
        "protocol": PROTOCOL,
        "align": judges[0].align,
        **EvaluationSettings.of(config.evaluation).to_json(),
        "batch": None,
        "identity": judges[0].name,
        "judges": [judge.name for judge in judges],
        "perceptual": f"lpips-{models.perceptual.net}",
        "frechet": features.name,
        "real_images_sha256": None if real is None else real.sha256,
        **({} if judges[0].detector_origin is None else {"detector": judges[0].detector_origin}),
    }
