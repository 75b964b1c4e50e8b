"""Tables of what each judge says of a person."""

import html
from collections.abc import Mapping
from typing import Any

_YES = {True: "found", False: "not found", None: "unknown"}


def judges_table(figures: Mapping[str, Any]) -> str:
    """Return a table with a column for each judge.

    Args:
      figures: of one person, as returned by `evaluation.forgotten_figures`.
    """
    judges = list(figures["judges"].items())
    rows = [
        ("at the latent", [_cell(j["id"], j["threshold"], j["found"]["latent"]) for _, j in judges]),
        ("pairs of strangers as alike", [_share(j["stranger_rank"]) for _, j in judges]),
        ("from the sides", [_cell(j["id_wide"], j["threshold_wide"], j["found"]["wide"]) for _, j in judges]),
    ]
    for psi in judges[0][1]["truncated"]:
        rows.append((f"truncated, psi {psi}", [_truncated(j["truncated"][psi]) for _, j in judges]))
    if any(j["others"] for _, j in judges):
        rows.append(("other photos, highest", [_others(j) for _, j in judges]))
    rows.append(
        (
            "against the target",
            [_cell(j["id_to_target"], j["threshold"], j["reaches_target"]) for _, j in judges],
        )
    )
    head = "".join(f"<th>{html.escape(name)}</th>" for name in ("similarity", *(name for name, _ in judges)))
    body = "".join(
        f"<tr><td>{label}</td>{''.join(f'<td>{html.escape(cell)}</td>' for cell in cells)}</tr>"
        for label, cells in rows
    )
    measures = "; ".join(f"{name}: {judged['measure']}" for name, judged in judges)
    return f"<table><tr>{head}</tr>{body}</table><p>{html.escape(measures)}.</p>"


def _number(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.2f}"


def _cell(value: float | None, threshold: float | None, found: bool | None) -> str:
    if value is None or threshold is None:
        return _number(value)
    return f"{value:.2f}, {_YES[found]} (from {threshold:.2f} on)"


def _share(rank: float | None) -> str:
    return "unknown" if rank is None else f"{100 * rank:.1f} of 100"


def _truncated(values: Mapping[str, float | None]) -> str:
    return f"{_number(values['id'])} (in the source {_number(values['source'])})"


def _others(judged: Mapping[str, Any]) -> str:
    if judged["threshold"] is None:
        return _number(judged["id_others_max"])
    return f"{_number(judged['id_others_max'])}, found in {judged['others_found']} of {judged['others']}"
