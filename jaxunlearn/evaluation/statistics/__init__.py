"""What figures of people say about people in general: intervals, shares and paired comparisons.

The unit is always a person: views and photos are averaged before a figure comes here.
"""

from jaxunlearn.evaluation.statistics.intervals import Interval, interval_of
from jaxunlearn.evaluation.statistics.paired import PairedDifference, compare_pairs
from jaxunlearn.evaluation.statistics.shares import Share, share_of

__all__ = ["Interval", "PairedDifference", "Share", "compare_pairs", "interval_of", "share_of"]
