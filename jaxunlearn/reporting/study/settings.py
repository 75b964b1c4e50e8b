"""Settings of a study."""

import dataclasses
import secrets

from jaxunlearn.errors import InputError, check_whole
from jaxunlearn.limits import LARGEST_SEED, MOST_CHOICES


@dataclasses.dataclass(frozen=True)
class StudySettings:
    """What is asked of how many people.

    Attributes:
      choices: pictures to choose from.
      questions: largest number of questions that a participant gets.
      people: forgotten people of each run who are asked about, drawn by seed; None takes all.
      retained: retained people of each run; None takes as many as forgotten ones.
      controls: forgotten people who are also shown as the source draws them, at most all; None takes as many
        as the run with most forgotten people has.
      given: pictures of the person in question: 1 is from the front, 2 is from the front and from a side.
      seed: of all draws; None draws one. Whoever knows it can work out the right answers, so that only
        key.json has it.
    """

    choices: int = 5
    questions: int = 40
    people: int | None = None
    retained: int | None = None
    controls: int | None = None
    given: int = 1
    seed: int | None = None

    def __post_init__(self) -> None:
        for name, least in (("choices", 2), ("questions", 1), ("given", 1)):
            check_whole(name, getattr(self, name), least)
        for name, least in (("people", 1), ("retained", 0), ("controls", 0), ("seed", 0)):
            if getattr(self, name) is not None:
                check_whole(name, getattr(self, name), least)
        for name, most in (("choices", MOST_CHOICES), ("given", 2), ("seed", LARGEST_SEED)):
            if (getattr(self, name) or 0) > most:
                raise InputError(f"{name} must be at most {most}, not {getattr(self, name)}")

    def with_seed(self) -> "StudySettings":
        """Return the same settings with a seed, drawn if there is none."""
        return self if self.seed is not None else dataclasses.replace(self, seed=secrets.randbits(32))
