"""`tuning.jsonl` and `results.jsonl`: a line for each finished run."""

from pathlib import Path
from typing import Any, TypedDict

from jaxunlearn.files.json_lines import drop_cut_off_line, read_json_lines

FOLDER = Path(__file__).parent
TUNING, RESULTS, FROZEN, PAGE = (
    FOLDER / name for name in ("tuning.jsonl", "results.jsonl", "frozen.json", "table.md")
)


class Line(TypedDict):
    """A finished run, measured.

    Attributes:
      row: whose settings, see `candidates.ROWS`.
      candidate: name of the settings within the row.
      people: number of people in one generator.
      draw: number of the draw of people.
      seeds: of the people.
      frozen: `frozen.fingerprint` of the settings file; empty for tuning.
      steps: of the optimiser; 0 without training.
      seconds: of training, with the mapper and the Fisher; without compilation.
      compile_seconds: of the compiled step.
      evaluation_seconds: of the measurement.
      forgotten: number of people whom no judge finds anywhere.
      persons: for each person `judges`, `forgotten` and `forgotten_by`, see `forgotten_figures`.
      others: figures of everybody else, see `retained_figures`.
      counts: of views, people and pictures.
      change: name of a weight → norm of its change.
    """

    row: str
    candidate: str
    people: int
    draw: int
    seeds: list[int]
    frozen: str
    steps: int
    seconds: float
    compile_seconds: float
    evaluation_seconds: float
    forgotten: int
    persons: list[dict[str, Any]]
    others: dict[str, Any]
    counts: dict[str, Any]
    change: dict[str, float]


def read_lines(path: Path) -> list[Line]:
    """Read all complete lines; there are none if there is no file."""
    return read_json_lines(path, Line)


def ready_for_more(path: Path) -> list[Line]:
    """Remove a last line that a killed run cut off, and return the others."""
    drop_cut_off_line(path, Line)
    return read_lines(path)


def rounded(value: Any) -> Any:
    """Return JSON with numbers of five significant digits, for lines that a person can read."""
    if isinstance(value, dict):
        return {name: rounded(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(each) for each in value]
    return float(f"{value:.5g}") if isinstance(value, float) else value
