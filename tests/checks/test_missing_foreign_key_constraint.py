from __future__ import annotations

from django.db import connections, models
from django.test.utils import isolate_apps, override_settings

from dbaudit.advisor.recommend import recommend
from tests.scratch import Scratch

CHECK = "missing_foreign_key_constraint"


class Elsewhere:
    """Keeps the model Far on another database."""

    def allow_migrate(self, _db: str, _app: str, model_name: str | None = None, **_hints: object) -> bool | None:
        return False if model_name == "far" else None


@isolate_apps("tests")
def test_silent_where_the_constraint_is_there_under_any_name(scratch: Scratch) -> None:
    class Parent(models.Model):
        class Meta:
            app_label = "tests"

    class Child(models.Model):
        parent = models.ForeignKey(Parent, models.CASCADE)
        friends = models.ManyToManyField("self")

        class Meta:
            app_label = "tests"

    class Grown(Child):
        class Meta:
            app_label = "tests"

    class Proxy(Parent):
        class Meta:
            app_label = "tests"
            proxy = True

    class OfProxy(models.Model):
        proxy = models.OneToOneField(Proxy, models.CASCADE, primary_key=True)

        class Meta:
            app_label = "tests"

    scratch.create(Parent, Child, Grown, OfProxy)
    assert not scratch.findings(CHECK, Child._meta.apps)
    if scratch.vendor == "postgresql":
        ((name,),) = scratch.rows(
            "SELECT conname FROM pg_constraint WHERE contype = 'f' AND conrelid = 'tests_child'::regclass"
        )
        scratch.execute(f'ALTER TABLE tests_child RENAME CONSTRAINT "{name}" TO other')
        assert not scratch.findings(CHECK, Child._meta.apps)


@isolate_apps("tests")
def test_silent_where_a_composite_key_contains_it(scratch: Scratch) -> None:
    class Parent(models.Model):
        tenant = models.IntegerField()

        class Meta:
            app_label = "tests"

    class Child(models.Model):
        tenant = models.IntegerField()
        parent = models.ForeignKey(Parent, models.CASCADE)

        class Meta:
            app_label = "tests"

    scratch.execute("""
        CREATE TABLE tests_parent (id bigint PRIMARY KEY, tenant int, UNIQUE (tenant, id));
        CREATE TABLE tests_child (id bigint PRIMARY KEY, tenant int, parent_id bigint,
            FOREIGN KEY (tenant, parent_id) REFERENCES tests_parent (tenant, id));
    """)
    assert not scratch.findings(CHECK, Child._meta.apps)


@isolate_apps("tests")
def test_silent_on_unmanaged_models_and_on_targets_that_are_views_or_not_there(scratch: Scratch) -> None:
    class Seen(models.Model):
        class Meta:
            app_label = "tests"
            managed = False

    class Gone(models.Model):
        class Meta:
            app_label = "tests"

    class Unmanaged(models.Model):
        gone = models.ForeignKey(Gone, models.CASCADE)

        class Meta:
            app_label = "tests"
            managed = False

    class Child(models.Model):
        seen = models.ForeignKey(Seen, models.DO_NOTHING)
        gone = models.ForeignKey(Gone, models.CASCADE)
        new = models.ForeignKey("self", models.CASCADE)

        class Meta:
            app_label = "tests"

    scratch.execute("""
        CREATE VIEW tests_seen AS SELECT 1 AS id;
        CREATE TABLE tests_child (id bigint PRIMARY KEY, seen_id bigint, gone_id bigint);
    """)
    assert not scratch.findings(CHECK, Child._meta.apps)
    scratch.execute("CREATE TABLE tests_gone (id bigint PRIMARY KEY)")
    scratch.execute("CREATE TABLE tests_unmanaged (id bigint PRIMARY KEY, gone_id bigint)")
    assert [one.identity for one in scratch.findings(CHECK, Unmanaged._meta.apps)] == [("gone_id",)]


@isolate_apps("tests")
def test_silent_on_models_of_another_database(scratch: Scratch) -> None:
    class Far(models.Model):
        class Meta:
            app_label = "tests"

    class Near(models.Model):
        far = models.ForeignKey(Far, models.CASCADE)

        class Meta:
            app_label = "tests"

    scratch.execute("CREATE TABLE tests_near (id bigint PRIMARY KEY, far_id bigint)")
    scratch.execute("CREATE TABLE tests_far (id bigint PRIMARY KEY)")  # left over from before it moved
    with override_settings(DATABASE_ROUTERS=[Elsewhere()]):
        assert not scratch.findings(CHECK, Near._meta.apps)
    assert connections[scratch.alias] is scratch.connection
    assert len(scratch.findings(CHECK, Near._meta.apps)) == 1


@isolate_apps("tests")
def test_db_constraint_false_is_a_remark_and_histories_have_a_group_of_their_own(scratch: Scratch) -> None:
    class Parent(models.Model):
        class Meta:
            app_label = "tests"

    class Child(models.Model):
        parent = models.ForeignKey(Parent, models.CASCADE, db_constraint=False)

        class Meta:
            app_label = "tests"

    class History(models.Model):
        parent = models.ForeignKey(Parent, models.DO_NOTHING, db_constraint=False)

        class Meta:
            app_label = "tests"

    scratch.create(Parent, Child, History)
    child, history = scratch.findings(CHECK, Child._meta.apps)
    assert {child.severity, history.severity} == {"info"}
    assert child.group != history.group
    assert history.group.startswith("History")
    assert child.remedy.kind == "edit_model"
    assert history.remedy.kind == "none"
    assert [one.title for one in recommend([child, history])] == [child.subject]


@isolate_apps("tests")
def test_finds_a_constraint_that_was_dropped_and_its_statement_brings_it_back(postgres: Scratch) -> None:
    class Parent(models.Model):
        class Meta:
            app_label = "tests"

    class Child(models.Model):
        parent = models.ForeignKey(Parent, models.CASCADE)

        class Meta:
            app_label = "tests"

    postgres.execute("CREATE TABLE tests_parent (id bigint PRIMARY KEY)")
    postgres.execute("CREATE TABLE tests_child (id bigint PRIMARY KEY, parent_id bigint)")
    (found,) = postgres.findings(CHECK, Child._meta.apps)
    assert (found.key, found.severity) == ("missing_foreign_key_constraint:tests_child:parent_id", "warning")
    assert found.location
    assert found.location.file == "tests/checks/test_missing_foreign_key_constraint.py"
    postgres.execute(found.remedy.sql)
    assert not postgres.findings(CHECK, Child._meta.apps)
    assert not postgres.findings("unvalidated_foreign_key", Child._meta.apps)
    postgres.execute(found.remedy.undo_sql)
    assert len(postgres.findings(CHECK, Child._meta.apps)) == 1


@isolate_apps("tests")
def test_finds_a_constraint_that_leads_to_another_table(scratch: Scratch) -> None:
    class Person(models.Model):
        class Meta:
            app_label = "tests"

    class Note(models.Model):
        person = models.ForeignKey(Person, models.CASCADE)

        class Meta:
            app_label = "tests"

    scratch.execute("""
        CREATE TABLE tests_person (id integer PRIMARY KEY);
        CREATE TABLE old_person (id integer PRIMARY KEY);
        CREATE TABLE tests_note (id integer PRIMARY KEY, person_id bigint REFERENCES old_person (id));
    """)
    (found,) = scratch.findings(CHECK, Note._meta.apps)
    assert found.detail == "The database's constraint on the column leads to old_person."
    if scratch.vendor == "postgresql":
        scratch.execute(found.remedy.sql)
        assert not scratch.findings(CHECK, Note._meta.apps)
    else:
        assert found.remedy.sql == ""
