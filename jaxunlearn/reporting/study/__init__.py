"""A study with people: do they still recognise somebody? Make the page for them, and count answers."""

from jaxunlearn.reporting.study.counting import count_answers
from jaxunlearn.reporting.study.making import make_study
from jaxunlearn.reporting.study.settings import StudySettings

__all__ = ["StudySettings", "count_answers", "make_study"]
