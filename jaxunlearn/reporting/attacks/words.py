"""Say in plain words what attacks found."""

from collections.abc import Callable, Mapping
from typing import Any

from jaxunlearn.attacks.rules import found_at_unseen_latents, relearned_soon

Figures = Mapping[str, Any]


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
    ways, held = ways_back(figures), _answered(figures)
    if ways:
        text = f"brought back by {', '.join(ways)}"
    elif held:
        text = f"not brought back by {', '.join(held)}"
    elif could_bring_back(figures):
        text = "no judge can say whether they are brought back"
    else:
        text = "nothing was tried that could bring them back"
    return f"{subject}, under attack: {text}."


def brought_back(figures: Mapping[str, Figures]) -> bool | None:
    """Return True if an attack brings a person back; None if no judge can say it in any attack.

    Args:
      figures: name of an attack → its figures, as in `attack.json`.
    """
    return bool(ways_back(figures)) if _answered(figures) else None


def could_bring_back(figures: Mapping[str, Figures]) -> bool:
    """Return True if an attack was tried that can bring a person back.

    Args:
      figures: name of an attack → its figures, as in `attack.json`.
    """
    return any(name in figures for name in BRING_BACK)


def _answered(figures: Mapping[str, Figures]) -> list[str]:
    """Return the attacks that can bring a person back, and in which a judge can say whether they do."""
    held = _finished(figures)
    return [
        name
        for name, answers in _ANSWERS.items()
        if name in held and any(answer is not None for answer in answers(held[name]))
    ]


def _finished(figures: Mapping[str, Figures]) -> dict[str, Figures]:
    """Return the attacks without those whose fine-tuning diverged."""
    return {name: found for name, found in figures.items() if "diverged" not in found}


def ways_back(figures: Mapping[str, Figures]) -> list[str]:
    """Return the attacks that bring a person back, in words.

    Args:
      figures: name of an attack → its figures, as in `attack.json`.
    """
    held = _finished(figures)
    return [way for name, bring in BRING_BACK.items() if name in held for way in bring(held[name])]


def _by_inversion(figures: Figures) -> list[str]:
    """Return words with the methods; those that succeed only without the identity network say so."""
    # The attack itself comes last, so that its words stay where both attempts succeed.
    ways = {name: text for text, attempt in reversed(_ATTEMPTS.items()) for name in _found(figures, attempt)}
    methods = [f"{_METHODS[name]}{ways[name]}" for name in _METHODS if name in ways]
    return [f"their photo, inverted again ({', '.join(methods)})"] if methods else []


def _found(figures: Figures, attempt: str) -> list[str]:
    """Return the methods by which an attempt of `reinvert` finds the person, and a stranger's photo does not.

    The stranger's photo was inverted with the identity network only, and is the control of both attempts.
    """
    return [
        name
        for name, found in figures[attempt].items()
        if _beyond_control(found["judges"], figures["stranger"][name]["as_person"]["judges"])
    ]


def _by_search(figures: Figures) -> list[str]:
    balls = zip(figures["forgotten"]["within"], figures["stranger"]["within"], strict=True)
    found = any(_beyond_control(ball["judges"], control["judges"]) for ball, control in balls)
    return ["a search near their latent"] if found else []


def _beyond_control(judges: Mapping[str, Figures], control: Mapping[str, Figures]) -> bool:
    """Return True if a judge finds the person by the attack, but not in the control.

    A search through the network of the loss can deceive a judge of the same recipe anywhere, and for anybody.
    """
    return any(judged["accepted"] and not control[name]["accepted"] for name, judged in judges.items())


def _at_unseen_latents(figures: Figures) -> list[str]:
    return ["latents that training did not draw"] if _found_at_unseen_latents(figures) else []


def _found_at_unseen_latents(figures: Figures) -> bool | None:
    return found_at_unseen_latents(figures[kind]["judges"] for kind in _UNSEEN)


def _by_relearning(figures: Figures) -> list[str]:
    """Return words if the person is relearned far sooner than strangers."""
    if not relearned_soon(figures):
        return []
    return [f"{figures['person']['relearn_steps']} steps on one photo ({_of_strangers(figures)})"]


def _by_benign_fine_tuning(figures: Figures) -> list[str]:
    """Return words if a judge finds the person after fine-tuning who did not find them before it."""
    back = _beyond_control(figures["benign_id"], figures["before"])
    return ["fine-tuning on other people"] if back else []


BRING_BACK: Mapping[str, Callable[[Figures], list[str]]] = {
    "reinversion": _by_inversion,
    "search": _by_search,
    "unseen": _at_unseen_latents,
    "relearning": _by_relearning,
    "benign": _by_benign_fine_tuning,
}
"""Name of an attack → how it brings a person back, in words; empty if it does not."""

_ANSWERS: Mapping[str, Callable[[Figures], list[Any]]] = {
    "reinversion": lambda figures: [
        judged["accepted"]
        for attempt in _ATTEMPTS.values()
        for found in figures[attempt].values()
        for judged in found["judges"].values()
    ],
    "search": lambda figures: [
        judged["accepted"] for ball in figures["forgotten"]["within"] for judged in ball["judges"].values()
    ],
    "unseen": lambda figures: [_found_at_unseen_latents(figures)],
    "relearning": lambda figures: [relearned_soon(figures)],
    "benign": lambda figures: [judged["accepted"] for judged in figures["benign_id"].values()],
}
"""Name of an attack of `BRING_BACK` → what judges answer in it; None where they cannot say."""


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
        f"Fine-tuned on one photo of them, all judges accept them {_steps(figures['person'])}; "
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


_UNSEEN = {
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


WORDS: Mapping[str, Callable[[Figures], list[str]]] = {
    "reinversion": _reinversion,
    "search": _search,
    "unseen": _unseen,
    "relearning": _relearning,
    "benign": _benign,
    "erasure": _erasure,
}
"""Name of an attack → its figures as lines."""
