"""What was read: values taken from a database's catalog and from the project's models.

Everything here is frozen and knows neither a connection nor a check. One convention holds throughout:
``None`` means *not seen* (the vendor, a privilege or a limit hid it), while ``""`` and ``()`` mean *absent*.
A check that needs what is ``None`` is skipped with the reason; it never guesses.
"""

from dbaudit.facts.asking import Apart, Asker, AskingRow
from dbaudit.facts.columns import Column, ColumnStatistics
from dbaudit.facts.data import Data, Duplicates, KeyPosition, LengthCount, LimitCount, LongestKey, OldRows, Orphans
from dbaudit.facts.declarations import Change, Declaration, HalfSquashed, Migration, Migrations, OwnSql
from dbaudit.facts.ignores import Ignore
from dbaudit.facts.indexes import Index, IndexKey
from dbaudit.facts.loads import Eager, Load, LoadedColumn
from dbaudit.facts.models import AdminPage, DefaultFilter, GenericKey, Limit, Model, ModelField, SortKey, UniqueFor
from dbaudit.facts.ownership import Location, Owner, Ownership
from dbaudit.facts.paging import Paging, PagingSetting
from dbaudit.facts.posture import (
    CollationVersion,
    DjangoConnection,
    Holder,
    PostgresqlServer,
    Posture,
    ServerSetting,
    SessionLimit,
    SqliteFile,
)
from dbaudit.facts.schemas import Elsewhere, HiddenSchema, Schemas
from dbaudit.facts.snapshot import Skipped, Snapshot
from dbaudit.facts.tables import (
    Constraint,
    ConstraintKind,
    ForeignKey,
    RowsAre,
    Sequence,
    Table,
    TableKind,
    TableStatistics,
)
from dbaudit.facts.trials import Trial, WrongName
from dbaudit.facts.workload import (
    COUNTED_ONCE_ROWS,
    EXCELLENT_MS,
    TARGET_MS,
    Counted,
    Origin,
    Parameters,
    Plan,
    PlanNode,
    QueryRun,
    RunStatus,
    Scaling,
    Statement,
    StatementKind,
)

__all__ = [
    "COUNTED_ONCE_ROWS",
    "EXCELLENT_MS",
    "TARGET_MS",
    "AdminPage",
    "Apart",
    "Asker",
    "AskingRow",
    "Change",
    "CollationVersion",
    "Column",
    "ColumnStatistics",
    "Constraint",
    "ConstraintKind",
    "Counted",
    "Data",
    "Declaration",
    "DefaultFilter",
    "DjangoConnection",
    "Duplicates",
    "Eager",
    "Elsewhere",
    "ForeignKey",
    "GenericKey",
    "HalfSquashed",
    "HiddenSchema",
    "Holder",
    "Ignore",
    "Index",
    "IndexKey",
    "KeyPosition",
    "LengthCount",
    "Limit",
    "LimitCount",
    "Load",
    "LoadedColumn",
    "Location",
    "LongestKey",
    "Migration",
    "Migrations",
    "Model",
    "ModelField",
    "OldRows",
    "Origin",
    "Orphans",
    "OwnSql",
    "Owner",
    "Ownership",
    "Paging",
    "PagingSetting",
    "Parameters",
    "Plan",
    "PlanNode",
    "PostgresqlServer",
    "Posture",
    "QueryRun",
    "RowsAre",
    "RunStatus",
    "Scaling",
    "Schemas",
    "Sequence",
    "ServerSetting",
    "SessionLimit",
    "Skipped",
    "Snapshot",
    "SortKey",
    "SqliteFile",
    "Statement",
    "StatementKind",
    "Table",
    "TableKind",
    "TableStatistics",
    "Trial",
    "UniqueFor",
    "WrongName",
]
