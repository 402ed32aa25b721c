"""Exceptions in words: names and sentences stay, values of rows do not."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import Error

from dbaudit.connection.exceptions import describe, line_of_project
from tests.scratch import Scratch
from tests.workload.models import Author, Book

SECRETS = ("hunter2", "two words", 'Anna\'s "own" words', "it's", "a\nb", "4711", "[x]", "{x}", "<x: y>", "O'Neil's")
# The code that fails must not spell them.
WORDS = ("hunter2", "Anna", "Neil", "4711", "two words")


class Row:
    """What came out of a table."""

    def __init__(self, value: str) -> None:
        self.value = value

    def __repr__(self) -> str:
        return f"<Row: {self.value}>"

    def __str__(self) -> str:
        return self.value


def by_hand(row: Row) -> None:
    raise ValueError(f"cannot read {row.value} of a row, got {row.value!r}")


def by_percent(row: Row) -> None:
    raise LookupError("no such thing: %s (%r)" % (row, row))  # noqa: UP031 - as old code does


FAILURES: dict[str, Callable[[Row], Any]] = {
    "by hand": by_hand,
    "by percent": by_percent,
    "int": lambda row: int(row.value + "x"),
    "key": lambda row: os.environ[row.value],
    "attribute": lambda row: getattr(row, row.value),
    "uuid": lambda row: uuid.UUID(row.value),
    "date": lambda row: date.fromisoformat(row.value),
    "decimal": lambda row: Decimal(row.value + "x"),
    "json": lambda row: json.loads("{" + row.value),
    "lookup": lambda row: Author.objects.filter(id=row.value + "x"),
    "instance": lambda row: Book.objects.filter(author=row),
    "validation": lambda row: Author._meta.get_field("id").to_python(row.value + "x"),
    "raised again": lambda row: (_ for _ in ()).throw(ValidationError(f"“{row}” is not among {[row]}")),
}


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES.keys())
def test_no_exception_tells_the_value_of_a_row(failure: Callable[[Row], Any], secret: str) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - each is of a class of its own
        failure(Row(secret))
    told = describe(caught.value)
    assert told.startswith(type(caught.value).__name__)
    place = line_of_project(caught.value)
    told = told.replace(place, "")
    assert secret not in told
    assert not [word for word in WORDS if word in told]


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        (lambda: FAILURES["int"](Row("hunter2")), "ValueError: invalid literal for int() with base 10: '…'"),
        (lambda: by_hand(Row("hunter2")), "ValueError: cannot read … of a row, got '…'"),
        (lambda: Author().nme, "AttributeError: 'Author' object has no attribute 'nme'"),
        (lambda: nowhere, "NameError: name 'nowhere' is not defined"),  # type: ignore[name-defined]  # noqa: F821
        (lambda: by_hand(), "TypeError: by_hand() missing 1 required positional argument: 'row'"),  # type: ignore[call-arg]  # noqa: PLW0108
        (lambda: Author.objects.filter(nme=1), "FieldError: Cannot resolve keyword 'nme' into field. Choices are: "),
        (lambda: Author.objects.filter(book__titel=1), "FieldError: Unsupported lookup 'titel' for ManyToOneRel"),
        (lambda: str(b"\xe9", "utf-8"), "UnicodeDecodeError: 'utf-8' codec can't decode byte 0xe9 in position 0"),
        (lambda: FAILURES["nowhere"], "KeyError: 'nowhere'"),
    ],
)
def test_what_stands_in_the_code_stays(wrong: Callable[[], Any], expected: str) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - as above
        wrong()
    assert describe(caught.value).startswith(expected)
    assert "tests/connection/test_exceptions.py:" in describe(caught.value)


def test_an_error_of_a_database_has_its_reason_on_every_vendor(scratch: Scratch) -> None:
    scratch.execute("CREATE TABLE item (id integer PRIMARY KEY, code varchar(9) UNIQUE)")
    scratch.execute("INSERT INTO item VALUES (1, 'hunter2')")
    wrong = ("INSERT INTO item VALUES (2, 'hunter2')", "SELECT 'hunter2' 'hunter2' 1", "SELECT * FROM nowhere")
    told = []
    for sql in wrong:
        with pytest.raises(Error) as caught:
            scratch.execute(sql)
        told.append(describe(caught.value))
    assert not any("hunter2" in one for one in told)
    assert told[0].startswith("IntegrityError: The database refused the statement (")
    assert "nowhere" in told[2]
