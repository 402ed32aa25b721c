"""A whole audit whose connection is lost at one statement after the other: a report each time, and no traceback."""

from __future__ import annotations

import json
from pathlib import Path

from tests import project
from tests.scratch import Scratch

FILES = {
    "shop/__init__.py": "",
    "shop/models.py": """
        from django.db import models


        class Shelf(models.Model):
            name = models.CharField(max_length=50)


        class Item(models.Model):
            shelf = models.ForeignKey(Shelf, models.CASCADE)
            code = models.CharField(max_length=50)
    """,
    "shop/dbaudit_queries.py": """
        from dbaudit import query
        from shop.models import Item


        @query(label="by code")
        def by_code():
            return list(Item.objects.filter(code="7"))
    """,
    # Ends the session before each statement of a number in turn, in one process.
    "lose.py": """
        import json

        from django.db import connections
        from dbaudit import audit
        from dbaudit.errors import AuditError
        from shop.models import Item, Shelf

        shelf = Shelf.objects.create(name="one")
        Item.objects.bulk_create(Item(shelf=shelf, code=str(number)) for number in range(3000))
        killer = connections.create_connection("default")


        class Lose:
            def __init__(self, at):
                self.at, self.seen = at, 0

            def __call__(self, execute, sql, params, many, context):
                self.seen += 1
                raw = context["connection"].connection
                if self.seen == self.at and raw is not None and not raw.closed:
                    with killer.cursor() as cursor:
                        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [raw.info.backend_pid])
                return execute(sql, params, many, context)


        def audited(at):
            lose = Lose(at)
            connection = connections["default"]
            connection.execute_wrappers[:] = [lose]
            try:
                report = audit(advise_for="2s", quick=True)
            except AuditError as error:
                return lose.seen, str(error)
            finally:
                connection.execute_wrappers[:] = []
            (database,) = report.databases
            return lose.seen, [len(database.snapshot.tables), len(database.ran), len(database.snapshot.runs)]


        total, expected = audited(0)
        told = {}
        step = max(1, total // 10)
        for at in range(1, total, step):
            told[at] = audited(at)[1]
        print(json.dumps({"total": total, "expected": expected, "told": told}))
    """,
}


def test_an_audit_that_loses_its_connection_at_any_statement_reports_what_it_examined(
    postgres: Scratch, tmp_path: Path
) -> None:
    found = project.make(
        tmp_path,
        apps=("shop",),
        contrib=("django.contrib.contenttypes", "django.contrib.auth"),
        database=postgres.connection.settings_dict,
    )
    found.write(FILES)
    found.migrate()
    result = found.manage("shell", "-v0", "-c", "import lose")
    told = json.loads(result.stdout.splitlines()[-1])
    assert told["total"] > 100
    tables, ran, _runs = told["expected"]
    for at, one in told["told"].items():
        assert not isinstance(one, str), (at, one)
        assert one[:2] == [tables, ran], (at, one)
