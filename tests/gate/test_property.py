"""Whatever the models and the data: what is printed as verified runs, its finding is gone then, and none has come.

``DBAUDIT_PROPERTY_EXAMPLES`` asks for more examples than the few of a usual run.
"""

from __future__ import annotations

import itertools
import os
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from django.apps import apps as installed
from django.db import IntegrityError, models
from django.test.utils import isolate_apps

from dbaudit import checks
from dbaudit.findings import CreateIndex, DropIndex, Finding, Remedy
from dbaudit.gate import code
from dbaudit.gate.passing import Gate
from dbaudit.gate.statements import split
from dbaudit.registry import registered
from dbaudit.report.remedies import is_code
from tests.postgres import main_server
from tests.scratch import postgres_scratch, sqlite_scratch

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from django.apps.registry import Apps
    from pytest_django import DjangoDbBlocker

    from tests.scratch import Scratch

hypothesis = pytest.importorskip("hypothesis")
st = pytest.importorskip("hypothesis.strategies")

EXAMPLES = int(os.environ.get("DBAUDIT_PROPERTY_EXAMPLES", "0"))
#: Remedies that are followed one after the other, at most.
STEPS = 12

FIELDS: dict[str, Callable[..., Any]] = {
    "integer": models.IntegerField,
    "char": lambda **options: models.CharField(max_length=20, **options),
    "slug": models.SlugField,
    "text": models.TextField,
    "flag": lambda **options: models.BooleanField(**{**options, "unique": False}),
    "day": models.DateField,
    "uuid": models.UUIDField,
    "data": lambda **options: models.JSONField(**{**options, "unique": False, "db_index": False}),
    "amount": lambda **options: models.DecimalField(max_digits=8, decimal_places=2, **options),
}
VALUES: dict[str, Callable[[int], str]] = {
    "integer": str,
    "char": lambda n: f"'word {n}'",
    "slug": lambda n: f"'word-{n}'",
    "text": lambda n: f"'{'long ' * n}'",
    "flag": lambda n: "true" if n % 2 else "false",
    "day": lambda n: f"'2026-01-{n + 1:02}'",
    "uuid": lambda n: f"'00000000-0000-0000-0000-{n:012}'",
    "data": lambda n: f"'{{\"a\": {n}}}'",
    "amount": lambda n: f"{n}.50",
}


@dataclass(frozen=True)
class Column:
    kind: str
    null: bool
    unique: bool
    indexed: bool


@dataclass(frozen=True)
class Plan:
    """Models as numbers: columns, keys to earlier models, indexes by the numbers of columns, and what differs in the
    database."""

    columns: tuple[Column, ...]
    keys: tuple[tuple[bool, bool, bool], ...] = ()
    indexes: tuple[tuple[tuple[int, ...], bool, bool], ...] = ()
    together: tuple[tuple[int, ...], ...] = ()
    extra: tuple[tuple[tuple[int, ...], bool], ...] = ()
    lost: int = 0
    rows: int = 0


def plans() -> Any:
    column = st.builds(Column, st.sampled_from(sorted(FIELDS)), st.booleans(), st.booleans(), st.booleans())
    some = st.lists(st.integers(0, 5), min_size=1, max_size=3, unique=True).map(tuple)
    return st.builds(
        Plan,
        columns=st.lists(column, min_size=1, max_size=4).map(tuple),
        keys=st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), max_size=2).map(tuple),
        indexes=st.lists(st.tuples(some, st.booleans(), st.booleans()), max_size=3).map(tuple),
        together=st.lists(some, max_size=1).map(tuple),
        extra=st.lists(st.tuples(some, st.booleans()), max_size=2).map(tuple),
        lost=st.integers(0, 2),
        rows=st.integers(0, 8),
    )


def made(plan: Plan) -> tuple[type[models.Model], type[models.Model], list[str]]:
    """The models of a plan, and the names of the second one's fields."""
    meta = {"app_label": "tests"}
    target = type("Target", (models.Model,), {"__module__": __name__, "Meta": type("Meta", (), meta)})
    body: dict[str, Any] = {"__module__": __name__}
    for number, one in enumerate(plan.columns):
        options = {"null": one.null, "unique": one.unique, "db_index": one.indexed and not one.unique}
        body[f"f{number}"] = FIELDS[one.kind](**options)
    for number, (null, indexed, constrained) in enumerate(plan.keys):
        body[f"k{number}"] = models.ForeignKey(
            target, models.CASCADE, null=null, db_index=indexed, db_constraint=constrained, related_name="+"
        )
    names = [name for name in body if name[0] in "fk" and name[1:].isdigit()]
    # Of two indexes that a model declares alike, the database needs one: that is for `duplicate_index` to say.
    alone: set[tuple[str, ...]] = {
        (name,) for name in names if getattr(body[name], "db_index", False) or body[name].unique
    }
    indexes = []
    for number, (chosen, down, partial) in enumerate(plan.indexes):
        fields = tuple(_fields(names, chosen))
        if fields not in alone and not any(isinstance(body[name], models.JSONField) for name in fields):
            alone.add(fields)
            condition = models.Q(id__gt=3) if partial else None
            keys = [f"{'-' if down else ''}{name}" for name in fields]
            indexes.append(models.Index(fields=keys, name=f"declared_{number}", condition=condition))
    together = [tuple(_fields(names, chosen)) for chosen in plan.together]
    constraints = [
        models.UniqueConstraint(fields=one, name=f"unique_{place}")
        for place, one in enumerate(together)
        if len(one) > 1
    ]
    body["Meta"] = type("Meta", (), {**meta, "indexes": indexes, "constraints": constraints})
    return target, type("Thing", (models.Model,), body), names


def _fields(names: list[str], chosen: tuple[int, ...]) -> list[str]:
    return list(dict.fromkeys(names[one % len(names)] for one in chosen))


def build(scratch: Scratch, plan: Plan) -> Apps:
    """The database of a plan: what its models declare, what is there besides, what is lost, and rows."""
    target, thing, names = made(plan)
    scratch.create(target, thing)
    quote = scratch.connection.ops.quote_name
    columns = [quote(str(thing._meta.get_field(name).column)) for name in names]  # type: ignore[union-attr]
    for number, (chosen, unique) in enumerate(plan.extra):
        keys = ", ".join(dict.fromkeys(columns[one % len(columns)] for one in chosen))
        json = any(
            plan.columns[one % len(columns)].kind == "data" for one in chosen if one % len(columns) < len(plan.columns)
        )
        if not (json and scratch.vendor == "postgresql"):
            scratch.execute(f"CREATE {'UNIQUE ' if unique else ''}INDEX extra_{number} ON tests_thing ({keys})")
    for index in thing._meta.indexes[: plan.lost]:
        scratch.execute(f"DROP INDEX {index.name}")
    if plan.rows:
        scratch.execute("INSERT INTO tests_target (id) VALUES (1)")
    for row in range(plan.rows):
        values = [
            "NULL" if column.null and row % 3 == 2 else VALUES[column.kind](row if column.unique else row % 4)
            for column in plan.columns
        ]
        values += ["1"] * len(plan.keys)
        with suppress(IntegrityError):  # some unique index or other may not want it
            scratch.execute(f"INSERT INTO tests_thing ({', '.join(columns)}) VALUES ({', '.join(values)})", ())
    if scratch.vendor == "postgresql":
        scratch.execute("ANALYZE")
    apps: Apps = thing._meta.apps
    return apps


def told(scratch: Scratch, apps: Apps) -> dict[str, Finding]:
    """The findings of all checks, past the gate."""
    snapshot = scratch.snapshot(apps)
    outcome = checks.run(snapshot, [one for one in registered() if one.category == "schema"])
    assert not outcome.crashed
    gate = Gate(scratch.connection, snapshot, apps, lock_timeout_ms=2_000)
    return {one.key: one for one in gate.findings(outcome.findings)}


def follow(scratch: Scratch, apps: Apps, remedy: Remedy) -> None:
    """Do what is printed: the SQL as it stands, and the edit of the model."""
    for statement in split(remedy.sql):
        scratch.execute(statement)
    action = remedy.action
    if not isinstance(action, CreateIndex | DropIndex):
        return
    for model in apps.get_models():
        if model._meta.db_table != action.table:
            continue
        if isinstance(action, CreateIndex) and is_code(remedy.orm):
            model._meta.indexes = [*model._meta.indexes, code.index(remedy.orm)]
        if isinstance(action, DropIndex) and "db_index=False" in remedy.orm:
            model._meta.get_field(remedy.orm.split(" = ")[0]).db_index = False  # type: ignore[union-attr]
        if isinstance(action, DropIndex):
            model._meta.indexes = [one for one in model._meta.indexes if one.name != action.name]
            model._meta.constraints = [one for one in model._meta.constraints if one.name != action.name]


def holds(scratch: Scratch, plan: Plan) -> None:
    """Every remedy that is verified is followed, one after the other."""
    checks.load(installed)
    apps = build(scratch, plan)
    found = told(scratch, apps)
    for _ in range(STEPS):
        failed = [one for one in found.values() if one.remedy.failed]
        assert not failed, [(one.key, one.remedy.sql, one.remedy.orm, one.remedy.attempt) for one in failed]
        ready = [one for one in found.values() if one.remedy.tried and one.remedy.sql and not one.remedy.conflicts]
        if not ready:
            return
        one = ready[0]
        follow(scratch, apps, one.remedy)
        after = told(scratch, apps)
        assert one.key not in after, (one.key, one.remedy.sql, one.remedy.orm)
        # An index that the models declare may make one needless that somebody built instead of it.
        consequence = "redundant_index" if one.check == "missing_index" else "none"
        new = sorted(key for key in after.keys() - found.keys() if not key.startswith(consequence))
        assert not new, (one.key, one.remedy.sql, new)
        found = after
    raise AssertionError(f"There is no end to the remedies: {sorted(found)}")


def hold(fresh: Callable[[], Any], examples: int) -> None:
    def trial(plan: Plan) -> None:
        with isolate_apps("tests"), fresh() as scratch:
            holds(scratch, plan)

    phases = [*hypothesis.Phase] if EXAMPLES else [hypothesis.Phase.generate]  # the least example takes minutes
    settings = hypothesis.settings(
        max_examples=EXAMPLES or examples,
        deadline=None,
        derandomize=not EXAMPLES,
        phases=phases,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    settings(hypothesis.given(plans())(trial))()


def test_remedies_on_sqlite(tmp_path: Path, django_db_blocker: DjangoDbBlocker) -> None:
    numbers = itertools.count()

    def fresh() -> Any:
        folder = tmp_path / str(next(numbers))
        folder.mkdir()
        return sqlite_scratch(folder)

    with django_db_blocker.unblock():
        hold(fresh, 25)


@pytest.mark.needs("postgresql")
def test_remedies_on_postgresql(django_db_blocker: DjangoDbBlocker) -> None:
    with django_db_blocker.unblock():
        hold(lambda: postgres_scratch(main_server()), 5)
