"""Words of the pages: what each figure means, and captions."""

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

MEANINGS = {
    "id": "identity similarity of the person before and after, mean over the views; low means forgotten",
    "id_std": "standard deviation of id over the views",
    "pairs_without_face": "pairs left out of id because no face was found in one of the two pictures",
    "id_others": "identity similarity before and after on other photos of the person, unused in unlearning",
    "id_others_max": "the highest of those photos in which the main judge recognised the person before",
    "id_target": "identity similarity of the person and the target: id if unlearning succeeds completely",
    "id_to_target": "identity similarity of the person after and the target; high means success",
    "others_id": "identity similarity of other people before and after; 1 means unchanged",
    "others_id_p5": "5th percentile of others_id over people: the people who changed most",
    "others_lost": "share of other people who are somebody else afterwards to at least one judge",
    "fid_forget": "Fréchet distance between the forgotten people's pictures before and after",
    "retained_without_face": "other people left out of others_id because no face was found",
    "fid_pre": "Fréchet distance between random people before and after; low means unchanged",
    "kid_pre": "kernel distance (KID) of random people before to others after; 0 on average without change",
    "kid_pre_std": "its standard deviation over random subsets",
    "delta_fid_real": "growth of the Fréchet distance to real images",
    "retained_lpips": "perceptual change (LPIPS) of other people's pictures; 0 means unchanged",
    "retained_psnr": "peak signal-to-noise ratio of other people's pictures, dB; high means unchanged",
    "retained_ssim": "structural similarity of other people's pictures, Gaussian window; 1 means unchanged",
    "retained_ssim_uniform": "structural similarity with a uniform window of 7 pixels",
    "retained_mse": "mean squared change of other people's pictures, levels 0 to 255",
}
"""Meaning of each figure, in the words of the page."""

OF_A_PERSON = frozenset(
    {"id", "id_std", "pairs_without_face", "id_others", "id_others_max", "id_target", "id_to_target"}
)
"""Figures of a single person: of several people a run has the mean, also of numbers and of highest values."""

JUDGED = {True: "found", False: "not found", None: "unknown"}
"""Answers of a judge who looks for a person."""

ALIGNMENTS = {
    "fixed": "The main judge saw the same part of every picture.",
    "landmarks": "The main judge saw faces turned upright, placed by the camera of each picture.",
    "mtcnn": "The main judge saw faces that a detector found, turned upright.",
}
"""How the main judge saw faces, by `align` of a summary."""


def view(yaw: float) -> str:
    """Return the side from which a person is seen.

    Args:
      yaw: degrees; positive shows the person's left side.
    """
    if abs(yaw) < 1:
        return "from the front"
    return f"{abs(yaw):.0f}° from their {'left' if yaw > 0 else 'right'}"


def short_view(yaw: float) -> str:
    """Return the side in a few signs, for a button."""
    if abs(yaw) < 1:
        return "front"
    return f"{abs(yaw):.0f}° ▸" if yaw > 0 else f"◂ {abs(yaw):.0f}°"


def duration(seconds: float) -> str:
    """Return a time in minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def radii(distance: float) -> str:
    """Return a distance in median radii with its unit."""
    text = f"{distance:.2g}"
    return f"{text} median {'radius' if text == '1' else 'radii'} away"


def how_many(counts: Mapping[str, Any]) -> str:
    """Return how many of how many, from an entry such as `others_lost_counts`."""
    return f"{counts['number']:.0f} of {counts['people']:.0f}"


def listed(names: Sequence[str], most: int = 5) -> str:
    """Return names with commas; of more than `most`, the number of the rest."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")


def joined(texts: Sequence[str], word: str) -> str:
    """Return texts with commas, and a word such as "and" before the last one."""
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} {word} {texts[-1]}"


def isolated(name: str) -> str:
    """Return a name whose letters, where they run from right to left, turn round nothing beside it."""
    turns = any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in name)
    return f"\N{FIRST STRONG ISOLATE}{name}\N{POP DIRECTIONAL ISOLATE}" if turns else name
