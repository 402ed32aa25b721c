from __future__ import annotations

from django.test.utils import isolate_apps

from tests.checks.drifting import create
from tests.drift import said_of
from tests.scratch import Scratch

CHECK = "renamed_index"


@isolate_apps("tests")
def test_silent_on_the_names_of_fields_indexes_which_carry_hashes(scratch: Scratch) -> None:
    model = create(scratch)
    for table in scratch.snapshot(model._meta.apps).tables:
        for index in table.indexes:
            if index.columns == ("code",) and not index.unique:
                scratch.execute(
                    f"{index.definition.replace(index.name, 'x' + index.name[::-1])}; DROP INDEX {index.name};"
                )
    assert said_of(scratch, model._meta.apps) == []


@isolate_apps("tests")
def test_finds_an_index_that_a_migration_would_not_find_and_renames_it(scratch: Scratch) -> None:
    model = create(scratch, "DROP INDEX part_upper; CREATE INDEX by_hand ON tests_part (upper(name))")
    (found,) = scratch.findings(CHECK, model._meta.apps)
    assert (found.key, found.severity) == ('renamed_index:tests_part:((UPPER("name")))', "info")
    assert found.subject == "Index by_hand on tests_part is part_upper in the model"
    if scratch.vendor == "postgresql":
        assert found.remedy.sql == 'ALTER INDEX "by_hand" RENAME TO "part_upper";'
    assert said_of(scratch, model._meta.apps) == [found.key]
    scratch.execute(found.remedy.sql)
    assert said_of(scratch, model._meta.apps) == []
    scratch.execute(found.remedy.undo_sql)
    assert said_of(scratch, model._meta.apps) == [found.key]
