"""Write docs/reference/glossary.md: the words that the pages of runs explain, and those of the docs.

python tools/glossary_page.py
"""

from pathlib import Path

from jaxunlearn.reporting.page.terms import TERMS

HEAD = """\
# Words

Words of the documentation and of the pages of runs. Each page of a run lists its own at its end.

This page is written by `python tools/glossary_page.py`.

| Word | What it means |
| --- | --- |
"""


ONLY_HERE = {
    "backbone, synthesis network": "The part of EG3D that makes the planes of a latent. It is a StyleGAN2.",
    "bake": "To make one file of plain weights that draws nearly what a generator draws with its adapters.",
    "before, after": "What the source draws, and what the changed generator draws.",
    "composed": "Several people's adapters, one after the other in one generator.",
    "copy": "A generator in training. GUIDE trains one for each person.",
    "counts": "A photo counts for a judge only if it recognises the person in it before unlearning.",
    "development people, fresh people": (
        "Development people are those on whom settings were chosen. Fresh people are all others."
    ),
    "EG3D": (
        "The family of generators that jaxunlearn changes. They build on StyleGAN2, and draw a face from "
        "any side."
    ),
    "elastic weights": (
        "A penalty that holds parameters where they are, the more they matter to other people. The papers "
        "say EWC."
    ),
    "end time": "Up to which time an adapter moves the features of a picture. The strength multiplies it.",
    "Fisher": "How much each parameter matters to other people.",
    "forgotten": "A person whom no judge finds in any place where it looked.",
    "found": "To a judge the person is still there: it takes the person before and after for one person.",
    "GOAE": "An encoder by others. It finds the latent of a photo in one pass.",
    "golden": "Stored numbers of an official program. Tests compare with them.",
    "`identity`, `sample`": (
        "The two axes of a mesh of devices. They divide the copies, and the pairs of a step."
    ),
    "IR-SE50": "An identity network by others, which the loss uses for the released generators.",
    "main judge": "The first judge. Figures that name no judge are its figures.",
    "mapper": "The small network of SUGAR that finds the surrogates.",
    "MTCNN": "A network by others that finds faces in photos.",
    "near": (
        "People who are made near a forgotten person: by a step from their latent towards somebody else's."
    ),
    "older bundled generator": "The bundled generator of 64² pixels, which the present one of 128² replaced.",
    "other photos": "Photos of the forgotten person that unlearning did not use.",
    "pair": (
        "What a step compares: the picture of the changed generator at one latent, and the picture of the "
        "source at another. A local pair shows the person, an adjacent one a latent near them, a global one "
        "somebody else."
    ),
    "planes, tri-plane": (
        "Three planes of features, which are a person in 3D. A picture is rendered from them."
    ),
    "preset": "A named set of all settings, such as `guide/heads`.",
    "probe": "A latent at which the Fisher is measured.",
    "psi": "Where a truncated latent is between the mean latent (0) and the person's own (1), or beyond it.",
    "request, sequence": (
        "A request asks to forget some people. A sequence is several requests, carried out one after "
        "another in one generator."
    ),
    "seed": (
        "The number of a person of the generator: the same number always gives the same latent. Also the "
        "number from which a run draws its random numbers."
    ),
    "setting": "A value that `--config.NAME=VALUE` changes.",
    "strength": "How strongly adapters act: 0 is the source, 1 as trained.",
    "sweep": "The same people forgotten several times, with the surrogates at several distances.",
    "w, w̄, ws, W+": (
        "w is a latent, w̄ the mean latent. ws are latents with a row for each layer; in W+ these rows may "
        "differ."
    ),
    "work list, wave": (
        "A work list is many people, each forgotten in a generator of their own. A wave is those of them "
        "who train at the same time."
    ),
    "yaw": "How far the camera is turned to the side. 0 is from the front.",
}
"""Words of these pages that the pages of runs do not use, each with what it means."""


def page() -> str:
    """Return the page, with the words in order of the alphabet."""
    words = {term.name: term.meaning for term in TERMS} | ONLY_HERE
    rows = (f"| {name} | {words[name]} |\n" for name in sorted(words, key=_place))
    return HEAD + "".join(rows)


def _place(name: str) -> str:
    return name.casefold().strip("`")


def main() -> None:
    """Write the page."""
    path = Path(__file__).parents[1] / "docs" / "reference" / "glossary.md"
    path.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
