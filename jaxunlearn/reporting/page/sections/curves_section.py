"""How the run went: loss and similarity over the steps, and the frontier."""

from typing import Any

import numpy as np

from jaxunlearn.evaluation.frontier.files import FrontierLine, points_of
from jaxunlearn.reporting.page.charts import LineChart, Series, line_chart
from jaxunlearn.reporting.page.sections.run_data import RunData
from jaxunlearn.training.storage.metrics_log import similarity_to_target


def curves_section(run: RunData) -> list[LineChart]:
    """Return the charts of a run; of fewer than two points there is none."""
    charts = [_loss(run), _similarity(run)]
    if run.frontier:
        charts += [_over_steps(run.frontier), frontier_chart({"": run.frontier})]
    return [chart for chart in charts if chart is not None]


def _loss(run: RunData) -> LineChart | None:
    points = _points([(line["step"], line["loss"]) for line in run.metrics])
    if points is None:
        return None
    return line_chart(
        "Loss",
        [Series("loss", points)],
        labels=("step", "loss"),
        summary=f"The loss goes from {points[0, 1]:.3g} to {points[-1, 1]:.3g} in {points[-1, 0]:.0f} steps.",
        x_range=_steps(points),
        y_range=(0.0, max(float(points[:, 1].max()), 1e-9)),
    )


def _similarity(run: RunData) -> LineChart | None:
    """Return how alike the person is to the target, by the network of the loss."""
    points = _points([(line["step"], similarity_to_target(line)) for line in run.metrics])
    if points is None:
        return None
    return line_chart(
        "Similarity to the target",
        [Series("similarity", points)],
        labels=("step", "similarity, network of the loss"),
        summary=f"Similarity to the target goes from {points[0, 1]:.2f} to {points[-1, 1]:.2f}.",
        x_range=_steps(points),
    )


def _points(values: list[tuple[Any, Any]]) -> np.ndarray | None:
    """Return points as `[N, 2]` without NaN; None for fewer than two."""
    points = np.array([(x, y) for x, y in values if y is not None and np.isfinite(y)], float).reshape(-1, 2)
    return points if len(points) > 1 else None


def _steps(points: np.ndarray) -> tuple[float, float]:
    """Return the range of an axis of steps."""
    return 0.0, float(points[:, 0].max())


def _over_steps(lines: list[FrontierLine]) -> LineChart | None:
    judge = next(iter(lines[0]["judges"]))
    steps, points = points_of(lines, judge)
    if len(steps) < 2:
        return None
    people, others = (np.column_stack([steps, points[:, k]]) for k in (0, 1))
    threshold = lines[0]["judges"][judge]["threshold"]
    return line_chart(
        "Before and now, over the steps",
        [Series("other people", others, apart=True), Series("forgotten people", people)],
        labels=("step", f"similarity, {judge}"),
        summary=f"The forgotten end at {people[-1, 1]:.2f}, other people at {others[-1, 1]:.2f}.",
        level=None if threshold is None else (threshold, "same person"),
        x_range=_steps(people),
    )


def frontier_chart(runs: dict[str, list[FrontierLine]]) -> LineChart | None:
    """Return the frontier of runs: what others keep against how far people are forgotten."""
    series, threshold = [], None
    for number, (name, lines) in enumerate(runs.items(), 1):
        judge = next(iter(lines[0]["judges"]))
        threshold = lines[0]["judges"][judge]["threshold"]
        _, points = points_of(lines, judge)
        last = f"step {lines[-1]['step']}"
        if len(runs) > 1:  # long names beside points would lie over each other
            series.append(Series(f"{number}: {name}, to {last}", points, str(number)))
        else:
            series.append(Series(name or "this run", points, last))
    if all(len(each.points) < 2 for each in series):
        return None
    return line_chart(
        "Frontier",
        series,
        labels=("similarity of the forgotten (left: more forgotten)", "similarity of others"),
        summary="; ".join(
            f"{each.name}: forgotten {each.points[-1, 0]:.2f}, others {each.points[-1, 1]:.2f}"
            for each in series
        )
        + ".",
        upright=threshold,
    )
