"""What stands in rows stays there: a secret met by every kind of failure comes out in no format, nor on stderr."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dbaudit.report.write import FORMATS
from tests import project
from tests.scratch import Scratch

SECRET = "hunter2-of-anna"
FILES = {
    "shop/__init__.py": "",
    "shop/models.py": """
        from django.db import models


        class Number(models.IntegerField):
            def from_db_value(self, value, expression, connection):
                return int(value) if str(value).isdigit() else int(f"{value}")


        class Customer(models.Model):
            name = models.CharField(max_length=50, unique=True)

            def __str__(self):
                return self.name


        class Note(models.Model):
            customer = models.ForeignKey(Customer, models.CASCADE)
            text = models.CharField(max_length=50)


        class Odd(models.Model):
            # Declared as a number, and text in the database.
            number = Number()

            class Meta:
                managed = False
                db_table = "shop_note_text"
    """,
    "shop/admin.py": """
        from django.contrib import admin
        from shop.models import Customer, Note


        @admin.register(Customer)
        class CustomerAdmin(admin.ModelAdmin):
            list_display = ["name", "worth"]

            def worth(self, row):
                raise ValueError(f"no worth of {row.name}")


        @admin.register(Note)
        class NoteAdmin(admin.ModelAdmin):
            list_display = ["length"]

            def length(self, row):
                return {}[row.text]
    """,
    "shop/dbaudit_queries.py": """
        import datetime
        import json
        import uuid

        from django.db import connection
        from dbaudit import query
        from shop.models import Customer, Note


        def _secret():
            return Customer.objects.values_list("name", flat=True).get()


        @query(label="number")
        def number():
            int(_secret())


        @query(label="key")
        def key():
            {}[_secret()]


        @query(label="own")
        def own():
            raise RuntimeError(f"customer {_secret()} is odd")


        @query(label="lookup")
        def lookup():
            list(Customer.objects.filter(pk=_secret()))


        @query(label="unique")
        def unique():
            Customer.objects.create(name=_secret())


        @query(label="cast")
        def cast():
            with connection.cursor() as cursor:
                cursor.execute("SELECT CAST(name AS integer), json_extract(name, '$') FROM shop_customer")
                cursor.fetchall()


        @query(label="date")
        def date():
            datetime.date.fromisoformat(_secret())


        @query(label="json")
        def parsed():
            json.loads(_secret())


        @query(label="instance")
        def instance():
            list(Note.objects.filter(customer=Note(text=_secret())))
    """,
    "shop/dbaudit_checks.py": """
        from django.db import connections
        from dbaudit import check


        @check(category="schema", severity="info")
        def raising(snapshot):
            '''A check that fails.

            Why: it does.

            Fix: do not.

            Silent when: never.
            '''
            with connections[snapshot.alias].cursor() as cursor:
                cursor.execute("SELECT name FROM shop_customer")
                name = cursor.fetchone()[0]
            raise ValueError(f"customer {name!r} met, {name}")
            yield
    """,
    "urls.py": """
        from django.contrib import admin
        from django.http import HttpResponse
        from django.urls import path
        from shop.models import Customer


        def page(request):
            raise ValueError(Customer.objects.get().name)


        def moved(request):
            return HttpResponse(status=500, reason=Customer.objects.get().name)


        urlpatterns = [path("admin/", admin.site.urls), path("page/", page), path("moved/", moved)]
    """,
}
ROWS = f"""
from django.db import connection
from shop.models import Customer, Note
with connection.cursor() as cursor:
    cursor.execute("CREATE TABLE shop_note_text (id integer PRIMARY KEY, number varchar(50))")
    cursor.execute("INSERT INTO shop_note_text VALUES (1, '{SECRET}')")
customer = Customer.objects.create(name="{SECRET}")
Note.objects.create(customer=customer, text="{SECRET}")
Note.objects.create(customer=customer, text="{SECRET}")
"""


@pytest.mark.parametrize("vendor", ["sqlite", "postgresql"])
def test_a_secret_comes_out_in_no_format_whatever_fails(
    vendor: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    database = None
    if vendor == "postgresql":
        scratch: Scratch = request.getfixturevalue("postgres")
        database = scratch.connection.settings_dict
    made = project.make(tmp_path, apps=("shop",), database=database, more='STATIC_URL = "/static/"')
    made.write(FILES)
    made.migrate()
    made.manage("shell", "-v0", "-c", ROWS)
    names = {name: f"out/{name}{found.suffixes[0]}" for name, found in FORMATS.items() if found.suffixes}
    (tmp_path / "out").mkdir()
    outputs = [part for path in names.values() for part in ("--output", path)]
    result = made.manage(
        *("dbaudit", "report", "--verbosity", "2", "--crawl", "--read-data", "--what-if", "build", *outputs), status=2
    )
    told = {name: (tmp_path / path).read_text() for name, path in names.items()}
    told["stdout"], told["stderr"] = result.stdout, result.stderr
    for name in ("github", "text"):
        arguments = ("dbaudit", "report", "--crawl", "--format", name)
        told[f"{name} on a terminal"] = made.manage(*arguments, status=2).stdout
    told["apply"] = made.manage("dbaudit", "apply-indexes", "--noinput", status=2).stderr
    assert {name for name, text in told.items() if SECRET in text} == set()
    # All of it did fail, and is told.
    said = json.dumps(json.loads(told["json"]), ensure_ascii=False)
    for canned in ("number", "key", "own", "lookup", "unique", "cast", "date", "parsed", "instance"):
        assert f"canned:shop.{canned}" in said
    assert "RuntimeError: customer … is odd (shop/dbaudit_queries.py:" in said
    assert "The check raised ValueError: customer '…' met, … (" in told["stderr"]
