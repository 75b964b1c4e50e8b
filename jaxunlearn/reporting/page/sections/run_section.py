"""What was asked, with which settings, on which machine, and how long it took."""

import json
from typing import Any

from jaxunlearn.reporting.page.sections.run_data import RunData
from jaxunlearn.reporting.page.words import duration

_RUN_FIGURES = {
    "steps": "steps",
    "steps_per_second": "steps per second, without compilation",
    "compile_seconds": "seconds of compilation",
    "devices": "devices",
    "loss": "loss of the last step",
}


def cost_rows(run: RunData) -> list[tuple[str, str]]:
    """Return what the run cost: label and value."""
    summary = run.summary
    rows = [
        (label, _plain(summary[name]))
        for name, label in _RUN_FIGURES.items()
        if summary.get(name) is not None
    ]
    if summary.get("steps") and summary.get("steps_per_second"):
        seconds = summary["steps"] / summary["steps_per_second"]
        rows.insert(1, ("time of all steps", duration(seconds)))
    memory = summary.get("peak_memory")
    if memory and memory["bytes"]:
        rows.append((f"most memory of the {memory['of']}", f"{memory['bytes'] / 2**30:.2f} GiB"))
    return rows


def request_rows(run: RunData) -> list[tuple[str, str]]:
    """Return where everything comes from: label and value."""
    request = run.request
    names = ", ".join(run.subjects[:12]) + (
        f" and {len(run.subjects) - 12} more" if len(run.subjects) > 12 else ""
    )
    return [
        ("generator", request.model),
        ("its fingerprint", request.fingerprint),
        ("method", run.config.method),
        ("people", names),
        ("one generator for all", "yes" if request.shared else "no"),
        ("networks of the loss", f"{request.perceptual}, {request.identity}"),
        ("mean latent from", request.mean_latent or "unknown"),
        ("folder", str(run.folder.path)),
    ]


def training_settings(run: RunData) -> str:
    """Return the settings of the training as JSON.

    Those of the evaluation are left out where nothing was measured with them: `evaluate` has its own.
    """
    settings = run.config.to_dict()
    if evaluation_settings(run) and not run.frontier:
        del settings["evaluation"]
    return json.dumps(settings, indent=1)


def evaluation_settings(run: RunData) -> str:
    """Return the settings that the figures were measured with, as JSON; empty without figures."""
    settings = run.summary.get("settings")
    return json.dumps(settings, indent=1) if settings else ""


def _plain(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
