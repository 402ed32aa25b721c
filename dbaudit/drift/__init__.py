"""Where models and database differ, by meaning and never by name. Pure: both sides are facts of a snapshot.

Names carry hashes that change between versions of Django and when a model moves, and a database prints a definition
in words of its own. So an index is the same where its columns, expressions, condition and options are, and what
cannot be compared with certainty is said to be that, and no drift.
"""

from dbaudit.drift.causes import Cause, cause, names_in_model, names_of
from dbaudit.drift.columns import ChangedColumn, ColumnDrift
from dbaudit.drift.pairing import Changed, Difference, Drift, name_of, words_of
from dbaudit.drift.tables import Compared, compared, unseen

__all__ = [
    "Cause",
    "Changed",
    "ChangedColumn",
    "ColumnDrift",
    "Compared",
    "Difference",
    "Drift",
    "cause",
    "compared",
    "name_of",
    "names_in_model",
    "names_of",
    "unseen",
    "words_of",
]
