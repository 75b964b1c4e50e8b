"""Words of the pages that a stranger does not know, each in one or two plain sentences."""

from typing import NamedTuple


class Term(NamedTuple):
    """A word and what it means.

    Attributes:
      name: as the list at the end of a page has it.
      meaning: at most two sentences.
      spelling: a regular expression of how pages write it.
    """

    name: str
    meaning: str
    spelling: str


TERMS = (
    Term(
        "heads identity judge",
        "A judge made for the bundled generator. It was trained on drawn heads to tell people apart, and "
        "minds hair most.",
        "heads identity judge",
    ),
    Term(
        "heads face judge",
        "A judge made for the bundled generator. Hair, glasses and shirt were somebody else's in every photo "
        "of its training, so it minds the face itself.",
        "heads face judge",
    ),
    Term(
        "dlib",
        "A judge made by others: the face recognition of the program library dlib, trained on photos of real "
        "people. It minds the shape of the face, and glasses.",
        "dlib",
    ),
    Term(
        "CurricularFace",
        "A judge made by others: a published face recognition network, trained on photos of real people.",
        "CurricularFace",
    ),
    Term(
        "truncated latent",
        "A latent moved towards the mean face (psi below 1) or away from it (psi above 1). A person who was "
        "only hidden might still be seen there.",
        "truncated latents?|truncated, psi",
    ),
    Term(
        "median radius",
        "The unit of distances between people, each a point in a space of latents. Half of all people are "
        "nearer to the mean face than this.",
        "median radi(?:us|i)",
    ),
    Term(
        "mean face",
        "The face in the middle of all people whom the generator can draw.",
        "mean face",
    ),
    Term(
        "latent",
        "The list of numbers from which the generator draws one person. The same latent always gives the "
        "same face, until the generator is changed.",
        "latents?",
    ),
    Term(
        "generator",
        "A network that draws faces of people, also of people who do not exist, from any side.",
        "[Gg]enerators?",
    ),
    Term(
        "adapter",
        "A small file that changes what a generator draws, while the generator itself stays as it is.",
        "[Aa]dapters?",
    ),
    Term(
        "source",
        "The generator before unlearning. It stays unchanged, and is compared with the changed one.",
        "source",
    ),
    Term(
        "target",
        "The other face that the generator was taught to draw where it drew the person before.",
        "[Tt]argets?",
    ),
    Term(
        "surrogate",
        "The other face that the method SUGAR chose for a forgotten person.",
        "[Ss]urrogates?",
    ),
    Term(
        "judge",
        "A network that compares two faces and says whether they are one person. No judge takes part in "
        "unlearning.",
        "[Jj]udges?",
    ),
    Term(
        "stranger",
        "Somebody who has nothing to do with the forgotten person. How alike strangers are by chance shows "
        "what a similarity is worth.",
        "[Ss]trangers?",
    ),
    Term(
        "lost",
        "A person who should have stayed the same, but whom at least one judge takes for somebody else "
        "afterwards.",
        "lost",
    ),
    Term(
        "similarity",
        "How alike two faces are to a judge: 1 is the same picture, and the dashed line or the number after "
        "“from” is where two pictures begin to count as one person.",
        "[Ss]imilarity",
    ),
    Term(
        "threshold",
        "The similarity from which on a judge takes two people for one. Usually only one pair of strangers "
        "in a hundred reaches it.",
        "thresholds?",
    ),
    Term(
        "LPIPS",
        "How different two pictures look to people, as a network computes it: 0 is no difference, more is "
        "more different.",
        "LPIPS",
    ),
    Term(
        "MSE",
        "The mean squared difference of two pictures, pixel by pixel: 0 is no difference.",
        "MSE",
    ),
    Term(
        "Fréchet distance",
        "How far two heaps of pictures are apart as a whole, by the features of a network: 0 is no "
        "difference. Its size depends on the number of pictures, so compare it only with the same number.",
        "Fréchet distances?",
    ),
    Term(
        "kernel distance",
        "Like the Fréchet distance, but its size does not depend on the number of pictures.",
        "kernel distances?",
    ),
    Term(
        "95 % interval",
        "The range in which the true value probably lies: more people make it narrower.",
        r"95\s% intervals?",
    ),
    Term(
        "frontier",
        "The line that a run draws while it forgets: how far the people are forgotten, against how much "
        "others stay the same.",
        "[Ff]rontier",
    ),
    Term(
        "invert",
        "To search for the latent with which a generator draws a given photo.",
        "[Ii]nvert(?:ed|s|ing)?|inversion",
    ),
    Term(
        "loss",
        "What training makes smaller, step by step: how far the generator is from doing what was asked.",
        "[Ll]oss(?:es)?",
    ),
)
"""Longer spellings come before those that they contain."""
