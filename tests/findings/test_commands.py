"""A command that is printed can be copied into a shell, whatever the names in it are."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import dbaudit
from dbaudit.findings.commands import manage

if TYPE_CHECKING:
    from tests.scratch import Scratch

HOSTILE = '🙂 "q" \'s; drop $(x) `y`'


def test_each_word_comes_out_of_a_shell_as_it_went_in() -> None:
    assert shlex.split(manage("inspectdb", "--database", "two words", HOSTILE)) == [
        *("python", "manage.py", "inspectdb", "--database", "two words", HOSTILE),
    ]
    assert manage("migrate", "shop") == "python manage.py migrate shop"


def test_the_name_of_a_table_that_somebody_else_chose_is_one_word(scratch: Scratch) -> None:
    scratch.execute(f'CREATE TABLE "{HOSTILE.replace(chr(34), chr(34) * 2)}" (id integer PRIMARY KEY)')
    [found] = scratch.findings("table_without_model")
    assert shlex.split(found.remedy.orm)[-1] == HOSTILE


@pytest.mark.parametrize("room", ["checks", "drift", "analysis"])
def test_no_command_is_written_with_a_name_put_into_its_text(room: str) -> None:
    for path in sorted(Path(dbaudit.__file__).parent.joinpath(room).rglob("*.py")):
        assert not re.search(r'f"[^"\n]*python manage\.py [^"\n]*\{', path.read_text()), path.name
