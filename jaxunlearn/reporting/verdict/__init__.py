"""Say in plain words what figures mean."""

from jaxunlearn.reporting.verdict.others import (
    MOST_LOST,
    TOO_NEAR,
    how_alike,
    near_people,
    pictures_of_others,
    random_people,
    stay_the_same,
)
from jaxunlearn.reporting.verdict.person import (
    IN_WORDS,
    NO_PHOTO_KNOWN,
    found_by,
    looked,
    person_lines,
    photos_known,
    photos_texts,
    target_reached,
)
from jaxunlearn.reporting.verdict.random_weights import random_weights, random_weights_of
from jaxunlearn.reporting.verdict.run import run_cost, verdict, verdict_of_run
from jaxunlearn.reporting.verdict.together import (
    highest,
    most_alike,
    not_forgotten,
    other_photos_of_all,
    verdict_together,
    where_found,
)

__all__ = [
    "IN_WORDS",
    "MOST_LOST",
    "NO_PHOTO_KNOWN",
    "TOO_NEAR",
    "found_by",
    "highest",
    "how_alike",
    "looked",
    "most_alike",
    "near_people",
    "not_forgotten",
    "other_photos_of_all",
    "person_lines",
    "photos_known",
    "photos_texts",
    "pictures_of_others",
    "random_people",
    "random_weights",
    "random_weights_of",
    "run_cost",
    "stay_the_same",
    "target_reached",
    "verdict",
    "verdict_of_run",
    "verdict_together",
    "where_found",
]
