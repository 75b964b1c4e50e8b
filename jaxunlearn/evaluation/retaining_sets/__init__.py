"""Retaining sets: given people who should stay the same, seen from all views (SUGAR, Tables 1 and 2)."""

from jaxunlearn.evaluation.retaining_sets.figures import figures_of_sets, random_set, retaining_figures
from jaxunlearn.evaluation.retaining_sets.sources import read_retaining_set

__all__ = ["figures_of_sets", "random_set", "read_retaining_set", "retaining_figures"]
