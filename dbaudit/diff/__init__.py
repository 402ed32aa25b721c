"""Two reports, an earlier and a later one: what is new, fixed, worse and better between them. No database is read."""

from dbaudit.diff.changes import Difference, compare
from dbaudit.diff.drawing import FORMATS
from dbaudit.diff.past import Past, read
from dbaudit.diff.trend import traced

__all__ = ["FORMATS", "Difference", "Past", "compare", "read", "traced"]
