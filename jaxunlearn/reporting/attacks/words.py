"""Say in plain words what attacks found."""

from collections.abc import Callable, Mapping

from jaxunlearn.attacks.rules import Change, Figures, brought_back_by, could_bring_back, found_by_inversion


def attack_lines(subject: str, figures: Mapping[str, Figures]) -> list[str]:
    """Return lines about one person.

    Args:
      subject: name of the person.
      figures: name of an attack → its figures, as in `attack.json`.
    """
    lines = [line for name in WORDS if name in figures for line in lines_of(name, figures[name])]
    return [attack_verdict(subject, figures), *(f"  {line}" for line in lines)]


def lines_of(name: str, figures: Figures) -> list[str]:
    """Return lines about one attack.

    Args:
      name: of the attack.
      figures: of the attack on one person.
    """
    return [f"Nothing is known: {figures['diverged']}."] if "diverged" in figures else WORDS[name](figures)


def attack_verdict(subject: str, figures: Mapping[str, Figures]) -> str:
    """Return a line that says which attacks bring a person back, beyond what their controls explain.

    These are strangers, and for fine-tuning on others the generator before it. Attacks in which no
    judge can say it, or whose fine-tuning diverged, are not named.

    Args:
      subject: name of the person.
      figures: name of an attack → its figures, as in `attack.json`.
    """
    ways = ways_back(figures)
    answered = [name for name, back in brought_back_by(figures).items() if back is not None]
    if ways:
        text = f"brought back by {', '.join(ways)}"
    elif answered:
        text = f"not brought back by {', '.join(answered)}"
    elif could_bring_back(figures):
        text = "no judge can say whether they are brought back"
    else:
        text = "nothing was tried that could bring them back"
    return f"{subject}, under attack: {text}."


def ways_back(figures: Mapping[str, Figures]) -> list[str]:
    """Return the attacks that bring a person back, in words.

    Args:
      figures: name of an attack → its figures, as in `attack.json`.
    """
    return [WAYS[name](figures[name]) for name, back in brought_back_by(figures).items() if back]


def _by_inversion(figures: Figures) -> str:
    """Return words with the methods; those that succeed only without the identity network say so."""
    # The attack itself comes last, so that its words stay where both attempts succeed.
    ways = {
        method: text
        for text, attempt in reversed(_ATTEMPTS.items())
        for method, found in found_by_inversion(figures, attempt).items()
        if found
    }
    methods = [f"{_METHODS[name]}{ways[name]}" for name in _METHODS if name in ways]
    return f"their photo, inverted again ({', '.join(methods)})"


def _by_relearning(figures: Figures) -> str:
    return f"{figures['person']['relearn_steps']} steps on one photo ({_of_strangers(figures)})"


WAYS: Mapping[str, Callable[[Figures], str]] = {
    "reinversion": _by_inversion,
    "search": lambda _: "a search near their latent",
    "unseen": lambda _: "latents that training did not draw",
    "relearning": _by_relearning,
    "benign": lambda _: "fine-tuning on other people",
}
"""Name of an attack that can bring a person back → how it does, in words."""


def _reinversion(figures: Figures) -> list[str]:
    lines = []
    for way, attempt in _ATTEMPTS.items():
        where = "in the source, with it," if way else "in the source"
        for method, found in figures[attempt].items():
            texts = _judged(found["judges"], figures["source"][method]["judges"], "reinverted_id", where)
            lines.append(f"Their photo, inverted again by {_METHODS[method]}{way}: similarity {texts}.")
    answers = {
        _METHODS[method]: attempt["as_person"]["accepted"] for method, attempt in figures["stranger"].items()
    }
    found = [method for method, accepted in answers.items() if accepted]
    if found:
        lines.append(f"A stranger's photo brings them back, too, by {' and '.join(found)}: see the pictures.")
    elif None not in answers.values():
        lines.append("A stranger's photo, inverted in the same ways, does not bring them back.")
    return lines


_METHODS = {"encoder": "the encoder", "hybrid": "encoder and search", "search": "search alone"}
_ATTEMPTS = {"": "unlearned", " without the identity network": "without_identity"}
"""What is said of an attempt to invert the person's photo → its name in the figures of `reinvert`."""


def _search(figures: Figures) -> list[str]:
    lines = []
    for ball, control in zip(figures["forgotten"]["within"], figures["stranger"]["within"], strict=True):
        texts = _judged(ball["judges"], control["judges"], "search_id", "around a stranger's latent")
        lines.append(f"A search within {ball['radius']:g} median radii of their latent: similarity {texts}.")
    return lines


def _relearning(figures: Figures) -> list[str]:
    return [
        "When the generator is fine-tuned on one photo of them, all judges accept them "
        f"{_steps(figures['person'])}; "
        f"{_of_strangers(figures)}."
    ]


def _of_strangers(figures: Figures) -> str:
    """Return how many steps strangers take, the fastest first."""
    curves = figures["strangers"]
    if len(curves) == 1:
        return f"a stranger {_steps(curves[0])}"
    taken = sorted(curve["relearn_steps"] for curve in curves if curve["relearn_steps"] is not None)
    never = [f"more than {curve['more_than']}" for curve in curves if curve["more_than"] is not None]
    unknown = len(curves) - len(taken) - len(never)
    steps = [*map(str, taken), *never, *["unknown"] * unknown]
    return f"{len(curves)} strangers: {', '.join(steps)}"


def _steps(curve: Figures) -> str:
    if curve["relearn_steps"] is not None:
        return f"after {curve['relearn_steps']} steps"
    return (
        "never, as far as is known"
        if curve["more_than"] is None
        else f"not within {curve['more_than']} steps"
    )


def _benign(figures: Figures) -> list[str]:
    texts = _judged(figures["benign_id"], figures["before"], "similarity", "before")
    return [f"Fine-tuned on other people only: similarity {texts}."]


def _judged(judges: Mapping[str, Figures], control: Mapping[str, Figures], name: str, where: str) -> str:
    """Return the similarity and the answer of each judge, with those of the control beside them."""
    return "; ".join(
        f"{_number(judged[name])} to {judge}, {_verdict(judged['accepted'])} "
        f"({where} {_number(control[judge][name])}, {_verdict(control[judge]['accepted'])})"
        for judge, judged in judges.items()
    )


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.2f}"


def _verdict(accepted: bool | None) -> str:
    return {True: "found", False: "not found", None: "not judged"}[accepted]


_UNSEEN: Mapping[Change, str] = {
    "noise": "With new noise",
    "first_rows": "With somebody else's first rows",
    "last_rows": "With somebody else's last rows",
}


def _unseen(figures: Figures) -> list[str]:
    lines = []
    for kind, text in _UNSEEN.items():
        judges = figures[kind]["judges"]
        counts = [
            f"{judged['accepted']} of {judged['changes']} by {name} ({_controls(judged)})"
            for name, judged in judges.items()
            if judged["accepted"] is not None
        ]
        if counts:
            lines.append(f"{text} the person is found in {', '.join(counts)}.")
    return lines


def _controls(judged: Figures) -> str:
    """Return what a judge finds in the controls of `unseen`; nothing of strangers who have no face."""
    source = f"in the source {judged['accepted_in_source']}"
    strangers = judged["accepted_of_strangers"]
    return source if strangers is None else f"{source}, strangers instead {strangers}"


def _erasure(figures: Figures) -> list[str]:
    if "strongest" not in figures:
        ranks = {name: values[0] for name, values in figures["erasure_ranks"].items()}
        name = max(ranks, key=lambda key: abs(ranks[key] - 0.5))
        control = figures["source"]["erasure_ranks"][name][0]
        return [
            f"To somebody who has only the generator they are more conspicuous than {100 * ranks[name]:.0f} "
            f"of 100 other people ({name}, the strongest of {len(ranks)} detectors; in the source "
            f"{100 * control:.0f})."
        ]
    strongest = figures["strongest"]
    control = figures["source"]["erasure_auc"][strongest["detector"]]["auc"]
    return [
        f"Somebody who has only the generator can tell the {figures['people']['forgotten']} forgotten people "
        f"from others with an AUC of {strongest['auc']:.2f} ({strongest['detector']}, p = "
        f"{strongest['p_value']:.3f}; 0.5 is chance, and in the source the AUC is {control:.2f})."
    ]


WORDS: Mapping[str, Callable[[Figures], list[str]]] = {
    "reinversion": _reinversion,
    "search": _search,
    "unseen": _unseen,
    "relearning": _relearning,
    "benign": _benign,
    "erasure": _erasure,
}
"""Name of an attack → its figures as lines."""
