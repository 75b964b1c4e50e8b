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


def _reinversion(figures: Figures) -> list[str]:
    lines = []
    for method, attempt in figures["unlearned"].items():
        control = figures["source"][method]["judges"]
        texts = [
            f"{_value(judged, 'reinverted_id')} to {name} (in the source "
            f"{_number(control[name]['reinverted_id'])})"
            for name, judged in attempt["judges"].items()
        ]
        lines.append(f"Their photo, inverted again by {_METHODS[method]}: similarity {', '.join(texts)}.")
    stranger = [_verdict(attempt["as_person"]["accepted"]) for attempt in figures["stranger"].values()]
    lines.append(f"A stranger's photo, inverted in the same ways: they are {' / '.join(stranger)}.")
    return lines


_METHODS = {"encoder": "the encoder", "hybrid": "encoder and search", "search": "search alone"}


def _search(figures: Figures) -> list[str]:
    lines = []
    for k, ball in enumerate(figures["forgotten"]["within"]):
        control = figures["stranger"]["within"][k]["judges"]
        texts = [
            f"{_value(judged, 'search_id')} to {name} (from a stranger's latent "
            f"{_number(control[name]['search_id'])})"
            for name, judged in ball["judges"].items()
        ]
        lines.append(
            f"A search within {ball['radius']:g} median radii of their latent: similarity {', '.join(texts)}."
        )
    return lines


def _relearning(figures: Figures) -> list[str]:
    return [
        f"Fine-tuned on one photo of them, all judges accept them {_steps(figures['person'])}; a stranger "
        f"{_steps(figures['stranger'])}."
    ]


def _steps(curve: Figures) -> str:
    if curve["relearn_steps"] is not None:
        return f"after {curve['relearn_steps']} steps"
    return (
        "never, as far as is known"
        if curve["more_than"] is None
        else f"not within {curve['more_than']} steps"
    )


def _benign(figures: Figures) -> list[str]:
    texts = [
        f"{_number(now['similarity'])} to {name}, {_verdict(now['accepted'])} (before "
        f"{_number(figures['before'][name]['similarity'])})"
        for name, now in figures["benign_id"].items()
    ]
    return [f"Fine-tuned on other people only: similarity {', '.join(texts)}."]


def _value(judged: Figures, name: str) -> str:
    return f"{_number(judged[name])}, {_verdict(judged['accepted'])},"


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.2f}"


def _verdict(accepted: bool | None) -> str:
    return {True: "found", False: "not found", None: "not judged"}[accepted]


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
    "reinversion": _reinversion,
    "search": _search,
    "unseen": _unseen,
    "relearning": _relearning,
    "benign": _benign,
    "erasure": _erasure,
}
