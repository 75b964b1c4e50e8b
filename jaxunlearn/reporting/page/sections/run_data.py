"""Read what a run folder holds, once for all sections."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from jaxunlearn.attacks.attack_folder import AttacksJson, read_attacks
from jaxunlearn.evaluation.forgetting import PersonFigures
from jaxunlearn.evaluation.frontier.files import FrontierLine, read_frontier
from jaxunlearn.evaluation.statistics.figures_file import Line, read_figures
from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.reporting.page.words import isolated
from jaxunlearn.reporting.sheets.sheet import SheetFolder
from jaxunlearn.training.storage.request import Request
from jaxunlearn.training.storage.run_dir import RunFolder

Figures = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class RunData:
    """The content of a run folder.

    Attributes:
      folder: the run.
      request, config, summary: of the run.
      metrics: lines of the log.
      frontier: lines of `frontier.jsonl`; empty without one.
      lines: lines of `figures.jsonl`; empty if the run was not evaluated.
      attacks: `attack.json`; None if the run was not attacked.
      sheets: pictures of the page.
      finished: True if the last step was taken.
    """

    folder: RunFolder
    request: Request
    config: ConfigDict
    summary: Figures
    metrics: list[dict[str, Any]]
    frontier: list[FrontierLine]
    lines: list[Line]
    attacks: AttacksJson | None
    sheets: SheetFolder
    finished: bool

    @classmethod
    def read(cls, folder: RunFolder) -> "RunData":
        """Read a run.

        Raises:
          InputError: if the folder is not of a run, or a file in it has another form.
        """
        return cls(
            folder,
            folder.request,
            folder.config,
            folder.summary,
            folder.metrics() if folder.metrics_file.is_file() else [],
            read_frontier(folder.frontier_file) if folder.frontier_file.is_file() else [],
            read_figures(folder.figures_file) if folder.figures_file.is_file() else [],
            _with_isolated_names(read_attacks(folder.path)),
            SheetFolder(folder.images),
            folder.finished(),
        )

    @property
    def subjects(self) -> tuple[str, ...]:
        """Names of the people, as they may stand in a sentence."""
        return tuple(map(isolated, self.request.subjects))

    @property
    def together(self) -> bool:
        """True if one generator forgot several people."""
        return self.request.together

    @property
    def measured(self) -> bool:
        """True if the run was evaluated."""
        return bool(self.summary.get("people"))

    @property
    def people(self) -> list[PersonFigures]:
        """Figures of each person of a run that was measured; two people may have one name."""
        return [self.summary["people"][str(k)] for k in range(len(self.subjects))]

    def figures_of(self, person: int) -> PersonFigures | None:
        """Return the figures of a person; None if they were not measured."""
        return self.summary["people"].get(str(person)) if self.measured else None

    @property
    def who(self) -> str:
        """The people, for a title."""
        names = self.subjects
        return ", ".join(names) if len(names) < 4 else f"{len(names)} people"


def _with_isolated_names(attacks: AttacksJson | None) -> AttacksJson | None:
    if attacks is None:
        return None
    return {**attacks, "subjects": {k: isolated(name) for k, name in attacks["subjects"].items()}}
