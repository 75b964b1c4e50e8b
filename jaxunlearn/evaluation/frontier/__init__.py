"""The frontier of a run: how much of others is kept while people are being forgotten, step by step.

A run's end is one point of it. Two runs are compared by what others keep where people are equally forgotten.
"""

from jaxunlearn.evaluation.frontier.callback import Frontier, frontier_of
from jaxunlearn.evaluation.frontier.files import FrontierLine, read_frontier
from jaxunlearn.evaluation.frontier.plot import plot_frontiers

__all__ = ["Frontier", "FrontierLine", "frontier_of", "plot_frontiers", "read_frontier"]
