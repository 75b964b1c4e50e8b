"""Which attacks there are, and how hard they try; without JAX, for the command line."""

from collections.abc import Mapping
from typing import Literal, get_args

Depth = Literal["quick", "standard", "thorough"]
"""For a first look; for every run; for a table."""

DEPTHS: tuple[Depth, ...] = get_args(Depth)

ATTACKS: Mapping[str, str] = {
    "reinversion": "invert the person's photo into the unlearned generator",
    "search": "search the neighbourhood of the person's latent",
    "unseen": "look at new noise, and at rows mixed with somebody else's",
    "relearning": "fine-tune the generator on one photo of the person",
    "benign": "fine-tune the generator on other people only",
    "erasure": "tell from the generator alone who was forgotten",
}
"""Name → what the attacker does."""
