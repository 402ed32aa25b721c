"""Where models and database differ, by meaning and never by name. Pure: both sides are facts of a snapshot.

Names carry hashes that change between versions of Django and when a model moves, and a database prints a definition
in words of its own. So an index is the same where its columns, expressions, condition and options are, and what
cannot be compared with certainty is said to be that, and no drift.
"""

from dbaudit.drift.causes import Cause, cause, names_of, stands_on
from dbaudit.drift.columns import ChangedColumn, ColumnDrift, compare_columns
from dbaudit.drift.constraints import compare_constraints, has_another_key
from dbaudit.drift.indexes import compare_indexes, compare_uniques
from dbaudit.drift.pairing import Changed, Difference, Drift, compared_tables, name_of, unseen, words_of

__all__ = [
    "Cause",
    "Changed",
    "ChangedColumn",
    "ColumnDrift",
    "Difference",
    "Drift",
    "cause",
    "compare_columns",
    "compare_constraints",
    "compare_indexes",
    "compare_uniques",
    "compared_tables",
    "has_another_key",
    "name_of",
    "names_of",
    "stands_on",
    "unseen",
    "words_of",
]
