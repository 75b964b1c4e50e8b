"""Tables of the papers: declared as data, made by the library's own runs, written beside the printed numbers.

from jaxunlearn.workflows.reproduce import TABLES, Whose, reproduce

reproduce(models, "guide-1", "tables/guide-1", Whose(seeds=range(10)))
"""

from jaxunlearn.workflows.reproduce.carry_out import reproduce
from jaxunlearn.workflows.reproduce.columns import Whose
from jaxunlearn.workflows.reproduce.tables import TABLES

__all__ = ["TABLES", "Whose", "reproduce"]
