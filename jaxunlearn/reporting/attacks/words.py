"""Say in plain words what attacks found."""

from collections.abc import Callable, Mapping
from typing import Any

Figures = Mapping[str, Any]


def attack_lines(subject: str, figures: Mapping[str, Figures]) -> list[str]:
    """Return lines about one person.

    Args:
      subject: name of the person.
      figures: name of an attack → its figures, as in `attack.json`.
    """
    lines = [line for name, say in _WORDS.items() if name in figures for line in say(figures[name])]
    return [f"{subject}, under attack:", *(f"  {line}" for line in lines)]


def _unseen(figures: Figures) -> list[str]:
    texts = {
        "noise": "With new noise",
        "first_rows": "With somebody else's first rows",
        "last_rows": "With somebody else's last rows",
    }
    lines = []
    for kind, text in texts.items():
        judges = figures[kind]["judges"]
        counts = [
            f"{judged['accepted']} of {judged['changes']} by {name} "
            f"(in the source {judged['accepted_in_source']})"
            for name, judged in judges.items()
            if judged["accepted"] is not None
        ]
        if counts:
            lines.append(f"{text} the person is found in {', '.join(counts)}.")
    return lines


def _erasure(figures: Figures) -> list[str]:
    if "strongest" not in figures:
        ranks = {name: values[0] for name, values in figures["erasure_ranks"].items()}
        name = max(ranks, key=lambda key: abs(ranks[key] - 0.5))
        control = figures["source"]["erasure_ranks"][name][0]
        return [
            f"From the generator alone they are more conspicuous than {100 * ranks[name]:.0f} of 100 other "
            f"people ({name}, the strongest of {len(ranks)} detectors; in the source {100 * control:.0f})."
        ]
    strongest = figures["strongest"]
    control = figures["source"]["erasure_auc"][strongest["detector"]]["auc"]
    return [
        f"From the generator alone the {figures['people']['forgotten']} forgotten are told from others with "
        f"an AUC of {strongest['auc']:.2f} ({strongest['detector']}, p = {strongest['p_value']:.3f}; 0.5 is "
        f"chance, and in the source it is {control:.2f})."
    ]


_WORDS: Mapping[str, Callable[[Figures], list[str]]] = {
    "unseen": _unseen,
    "erasure": _erasure,
}
