"""Two reports, an earlier and a later one: what is new, fixed, worse and better between them. No database is read."""

from dbaudit.comparison.changes import Difference, compare
from dbaudit.comparison.drawing import FORMATS
from dbaudit.comparison.past import Past, read
from dbaudit.comparison.trend import traced

__all__ = ["FORMATS", "Difference", "Past", "compare", "read", "traced"]
