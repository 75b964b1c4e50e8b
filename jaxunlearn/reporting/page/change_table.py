"""The table of how far the forgotten people's pictures moved."""

from collections.abc import Mapping
from typing import Any

_ROWS = {
    "mse": ("MSE, levels 0 to 255", ".1f"),
    "psnr": ("PSNR, dB", ".2f"),
    "lpips": ("LPIPS", ".4f"),
    "ssim": ("SSIM, Gaussian window", ".4f"),
    "ssim_uniform": ("SSIM, uniform window of 7 pixels", ".4f"),
}


def change_table(change: Mapping[str, Any]) -> str:
    """Return a table of SUGAR's Table 4 for this run.

    Args:
      change: as returned by `evaluation.papers.picture_change`, of a person or of all people.
    """
    people = "std_people" in change["mse"]
    columns = ["the forgotten, before and after", "mean", "deviation over pictures"]
    columns += ["deviation over people"] if people else []
    body = ""
    for name, (label, form) in _ROWS.items():
        values = [change[name][key] for key in ("mean", "std", *(["std_people"] if people else []))]
        cells = "".join(f"<td>{'one only' if value is None else f'{value:{form}}'}</td>" for value in values)
        body += f"<tr><td>{label}</td>{cells}</tr>"
    head = "".join(f"<th>{column}</th>" for column in columns)
    return f"<table><tr>{head}</tr>{body}</table><p>{change['pictures']} pictures.</p>"
