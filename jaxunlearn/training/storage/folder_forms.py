"""Forms of the JSON files in the folders of runs and work lists, see `json_form`."""

from typing import Any, Literal, NotRequired, TypedDict


class RunJson(TypedDict):
    """`run.json` of a run: the fields of `request.Request`, with the form and the version that wrote it.

    `together` is the request's `shared`.
    """

    format: int
    version: str
    model: str
    fingerprint: str
    subjects: list[str]
    perceptual: str
    identity: str
    mean_latent: str
    together: bool
    start: str
    earlier: list[str]
    earlier_subjects: list[str]
    earlier_seeds: list[int | None]
    seeds: list[int | None]
    adapters: list[str]
    numbers: list[int]
    perceptual_sha256: str
    identity_sha256: str
    photos_sha256: list[str | None]
    inversion: dict[str, str]
    network_files: dict[str, str]


class TrainingJson(TypedDict):
    """What training writes into `summary.json` of a run."""

    steps: NotRequired[int]
    steps_per_second: NotRequired[float | None]
    compile_seconds: NotRequired[float]
    devices: NotRequired[str]
    matmul_precision: NotRequired[str]
    diverged: NotRequired[list[int]]
    loss: NotRequired[float | None]
    losses: NotRequired[list[float | None]]
    padding_identity: NotRequired[float]
    padding_sample: NotRequired[float]
    w_avg: NotRequired[dict[str, Any]]
    peak_memory: NotRequired[dict[str, Any]]
    surrogate_losses: NotRequired[list[float]]


class SummaryJson(TrainingJson):
    """`summary.json` of a run; figures of an evaluation are added to it."""

    people: NotRequired[dict[str, dict[str, Any]]]


class StepLine(TypedDict):
    """A line of any `metrics.jsonl`."""

    step: int
    diverged: NotRequired[list[int]]


class MetricsLine(StepLine):
    """A line of `metrics.jsonl` of a run."""

    seconds: float
    loss: float | None


class WorklistJson(TypedDict):
    """`worklist.json` of a work list."""

    model: str
    subjects: list[str]
    config: dict[str, Any]
    made_with: dict[str, str]
    photos_sha256: list[str]
    source: str
    adapters: list[str]
    network_files: dict[str, str]
    seeds: list[int]


class ResultLine(TypedDict):
    """A line of `results.jsonl`: what became of a person in a wave."""

    subject: str
    status: Literal["done", "diverged"]
    wave: int
    steps: int
    learning_rate: float
    seconds: NotRequired[float]
    generator: NotRequired[str]
    picture: NotRequired[str]
    loss: NotRequired[float | None]


class MeasuredLine(TypedDict):
    """A line of `measured.jsonl` of a work list: what judges say of a person.

    Attributes:
      subject: the person.
      wave: in which they were trained.
      measured_with: see `evaluation.protocol.comparable`; also how each judge is shown a face, and the number
        of the person's other photos.
      figures: of `evaluation.evaluate_generator`.
    """

    subject: str
    wave: int
    measured_with: dict[str, Any]
    figures: dict[str, Any]
