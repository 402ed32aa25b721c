"""SQL in a form that leaves nothing of how it was spelled, so that two texts can be compared by meaning.

Needed where one text comes from a model and the other from a database. Pure: no connection, no model.
"""

from dbaudit.sql.normal_form.comparison import Verdict, compare, compare_defaults, condition, mentioned, verdict, worst
from dbaudit.sql.normal_form.expressions import tree
from dbaudit.sql.normal_form.implied import NO_TYPES, Types, type_of
from dbaudit.sql.type_names import affinity, declared_type, type_name

__all__ = [
    "NO_TYPES",
    "Types",
    "Verdict",
    "affinity",
    "compare",
    "compare_defaults",
    "condition",
    "declared_type",
    "mentioned",
    "tree",
    "type_name",
    "type_of",
    "verdict",
    "worst",
]
