"""What Django would create is what it did create: on a fresh database models and tables agree, whatever they use."""

from __future__ import annotations

import datetime as dt
import decimal
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from django.apps import apps as installed
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import (
    ArrayField,
    BigIntegerRangeField,
    DateRangeField,
    DateTimeRangeField,
    DecimalRangeField,
    HStoreField,
    IntegerRangeField,
    RangeOperators,
)
from django.contrib.postgres.indexes import (
    BloomIndex,
    BrinIndex,
    BTreeIndex,
    GinIndex,
    GistIndex,
    HashIndex,
    OpClass,
    SpGistIndex,
)
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models import Deferrable, F, Q, Value
from django.db.models.functions import (
    Abs,
    Cast,
    Coalesce,
    Collate,
    Concat,
    ExtractYear,
    Length,
    Lower,
    Now,
    NullIf,
    Round,
    Substr,
    Trim,
    TruncDate,
    Upper,
)
from django.test.utils import CaptureQueriesContext, isolate_apps, modify_settings

from dbaudit.catalog.models import expected, owners
from dbaudit.facts import Constraint, Index, Table
from tests import erp_database
from tests.drift import said, said_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django import DjangoDbBlocker

    from tests.scratch import Scratch

NOON = dt.datetime(2020, 1, 2, 3, 4, 5, tzinfo=dt.UTC)


@pytest.fixture
def contrib_postgres(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The application whose ``ready`` teaches indexes about operator classes, and asks connections that are open."""
    with django_db_blocker.unblock(), modify_settings(INSTALLED_APPS={"append": "django.contrib.postgres"}):
        yield


def extend(scratch: Scratch, *names: str) -> set[str]:
    """Create these extensions as far as the server has them; those that are there."""
    available = {name for (name,) in scratch.rows("SELECT name FROM pg_available_extensions")}
    for name in available.intersection(names):
        scratch.execute(f"CREATE EXTENSION {name}")
    return available.intersection(names)


def table_of(scratch: Scratch, model: type[models.Model]) -> Table:
    found = scratch.snapshot(model._meta.apps).expected
    assert found is not None
    return next(one for one in found if one.name == model._meta.db_table)


def every_field() -> tuple[type[models.Model], type[models.Model]]:
    class Target(models.Model):
        code = models.CharField(max_length=8, primary_key=True)

        class Meta:
            app_label = "tests"

    class Everything(models.Model):
        auto = models.BigAutoField(primary_key=True)
        big = models.BigIntegerField(null=True)
        binary = models.BinaryField(max_length=3)
        boolean = models.BooleanField(db_index=True)
        char = models.CharField(max_length=30, unique=True)
        date = models.DateField(auto_now=True)
        moment = models.DateTimeField(auto_now_add=True)
        number = models.DecimalField(max_digits=10, decimal_places=2)
        duration = models.DurationField(null=True)
        email = models.EmailField(db_index=True)
        file = models.FileField(upload_to="x")
        path = models.FilePathField()
        float = models.FloatField()
        ip = models.GenericIPAddressField()
        integer = models.IntegerField(unique=True)
        json = models.JSONField()
        positive = models.PositiveIntegerField()
        positive_big = models.PositiveBigIntegerField()
        positive_small = models.PositiveSmallIntegerField()
        slug = models.SlugField()
        small = models.SmallIntegerField()
        text = models.TextField(db_index=True)
        text_unique = models.TextField(unique=True)
        time = models.TimeField()
        url = models.URLField(db_column="Some URL")
        uuid = models.UUIDField(default=uuid.uuid4, db_index=True)
        parent = models.ForeignKey("self", models.CASCADE, null=True, related_name="+")
        target = models.ForeignKey(Target, models.PROTECT, related_name="+")
        loose = models.ForeignKey(Target, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
        one = models.OneToOneField(Target, models.CASCADE, related_name="+")
        others = models.ManyToManyField("self")

        class Meta:
            app_label = "tests"
            db_table_comment = "All of them"

    return Target, Everything


@isolate_apps("tests")
def test_silent_on_every_type_of_field(sqlite: Scratch) -> None:
    target, model = every_field()
    sqlite.create(target, model)
    assert said_of(sqlite, model._meta.apps) == []
    assert len(table_of(sqlite, model).columns) == 30


@isolate_apps("tests")
def test_silent_on_every_type_of_field_on_every_server(postgres_versions: Scratch) -> None:
    target, model = every_field()
    postgres_versions.create(target, model)
    assert said_of(postgres_versions, model._meta.apps) == []


@pytest.mark.parametrize("kind", [models.AutoField, models.SmallAutoField, models.BigAutoField, models.UUIDField])
@isolate_apps("tests")
def test_silent_on_every_kind_of_key(scratch: Scratch, kind: Any) -> None:
    class Keyed(models.Model):
        key = kind(primary_key=True)

        class Meta:
            app_label = "tests"

    class Child(Keyed):
        class Meta:
            app_label = "tests"

    class Pair(models.Model):
        pk = models.CompositePrimaryKey("first", "second")
        first = models.ForeignKey(Keyed, models.CASCADE)
        second = models.CharField(max_length=3, unique=True)

        class Meta:
            app_label = "tests"

    scratch.create(Keyed, Child, Pair)
    assert said_of(scratch, Keyed._meta.apps) == []
    assert table_of(scratch, Pair).primary_key == ("first_id", "second")


@isolate_apps("tests")
def test_silent_on_database_defaults_and_generated_columns(scratch: Scratch) -> None:
    class Filled(models.Model):
        text = models.CharField(max_length=30, db_default="it's 100%")
        empty = models.TextField(db_default="")
        nothing = models.TextField(null=True, db_default=None)
        integer = models.IntegerField(db_default=-1)
        number = models.DecimalField(max_digits=10, decimal_places=2, db_default=decimal.Decimal("1.50"))
        float = models.FloatField(db_default=1.5)
        boolean = models.BooleanField(db_default=True)
        moment = models.DateTimeField(db_default=Now())
        noon = models.DateTimeField(db_default=NOON)
        day = models.DateField(db_default=NOON.date())
        time = models.TimeField(db_default=NOON.time())
        duration = models.DurationField(db_default=dt.timedelta(days=1, hours=2))
        json = models.JSONField(db_default={"b": [1, "x"], "a": None})
        uuid = models.UUIDField(db_default=uuid.UUID(int=5))
        computed = models.IntegerField(db_default=Value(1) + Value(2))
        upper = models.GeneratedField(
            expression=Upper("text"), output_field=models.CharField(max_length=30), db_persist=True, unique=True
        )
        product = models.GeneratedField(
            expression=F("integer") * F("number"),
            output_field=models.DecimalField(max_digits=12, decimal_places=2),
            db_persist=True,
        )
        joined = models.GeneratedField(
            expression=Concat("empty", Value(" ", models.TextField()), "nothing"),
            output_field=models.TextField(),
            db_persist=True,
        )
        size = models.GeneratedField(
            expression=models.Case(models.When(integer__gt=5, then=Value("big")), default=Value("small")),
            output_field=models.TextField(),
            db_persist=True,
            db_index=True,
        )

        class Meta:
            app_label = "tests"

    scratch.create(Filled)
    assert said_of(scratch, Filled._meta.apps) == []


def test_silent_on_a_virtual_column_on_sqlite(sqlite: Scratch) -> None:
    silent_on_a_virtual_column(sqlite)


def test_silent_on_a_virtual_column_on_servers_that_have_them(postgres_versions: Scratch) -> None:
    if not postgres_versions.connection.features.supports_virtual_generated_columns:
        pytest.skip("this server or this Django has none")
    silent_on_a_virtual_column(postgres_versions)


@isolate_apps("tests")
def silent_on_a_virtual_column(scratch: Scratch) -> None:
    class Virtual(models.Model):
        a = models.IntegerField()
        b = models.IntegerField()
        rest = models.GeneratedField(
            # Django gives servers a doubled %, which they refuse.
            expression=F("a") % F("b") if scratch.vendor == "sqlite" else F("a") - F("b"),
            output_field=models.PositiveIntegerField(),
            db_persist=False,
        )

        class Meta:
            app_label = "tests"

    scratch.create(Virtual)
    assert said_of(scratch, Virtual._meta.apps) == []


@isolate_apps("tests")
def test_silent_on_collations_and_comments(scratch: Scratch) -> None:
    name = "NOCASE" if scratch.vendor == "sqlite" else "C"

    class Collated(models.Model):
        code = models.CharField(max_length=10, primary_key=True, db_collation=name)
        text = models.TextField(db_collation=name, db_index=True, db_comment="it's here")
        other = models.CharField(max_length=9)

        class Meta:
            app_label = "tests"
            indexes = (models.Index(Collate("other", name), "text", name="collated"),)

    class Child(models.Model):
        collated = models.ForeignKey(Collated, models.CASCADE)

        class Meta:
            app_label = "tests"

    scratch.create(Collated, Child)
    assert said_of(scratch, Collated._meta.apps) == []


@isolate_apps("tests")
def test_a_nondeterministic_collation_has_no_pattern_companion(postgres: Scratch) -> None:
    class Loose(models.Model):
        text = models.TextField(db_collation="loose", db_index=True)
        firm = models.TextField(db_collation="C", db_index=True)

        class Meta:
            app_label = "tests"

    postgres.execute("CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false)")
    postgres.create(Loose)
    assert said_of(postgres, Loose._meta.apps) == []
    assert [key.opclass for index in table_of(postgres, Loose).indexes for key in index.keys] == [
        "",
        "",
        "text_pattern_ops",
    ]


def conditions() -> tuple[Q, ...]:
    """Conditions as projects write them, on the fields of `every_option`."""
    return (
        Q(status="open"),
        Q(status__in=["open", "closed"]),
        Q(status__in=["open"]) & ~Q(active=True),
        Q(qty__gt=5) | Q(price__lte=decimal.Decimal("2.50")) | Q(rate__lt=1.5),
        Q(status__startswith="a%b") | Q(status__icontains="x'y"),
        Q(status__regex=r"^\d+$") | Q(status__iexact="x"),
        Q(moment__gt=NOON) | Q(day__lt=NOON.date()),
        Q(day__year=2020),
        Q(time__gt=NOON.time()) | Q(duration__gt=dt.timedelta(days=1)),
        Q(data__a=1) | Q(data__has_key="b"),
        Q(data__a__b="text"),
        Q(uuid=uuid.UUID(int=5)),
        Q(qty__range=(1, 10)),
        Q(time__isnull=False) & Q(duration__isnull=True),
        ~Q(status__in=["a", "b"]),
        ~Q(status="a") & ~Q(time=None),
        Q(small__gt=-1) & Q(qty__gte=5_000_000_000),
        Q(active=True),
        Q(active=False),
        Q(name__lt=F("status")),
        ~(Q(qty=1) & Q(small=2)),
        Q(qty__gt=F("small") + 1),
    )


def every_option() -> type[models.Model]:
    class Optional(models.Model):
        name = models.CharField(max_length=30)
        status = models.CharField(max_length=10)
        qty = models.BigIntegerField()
        small = models.SmallIntegerField()
        price = models.DecimalField(max_digits=10, decimal_places=2)
        rate = models.FloatField()
        active = models.BooleanField()
        moment = models.DateTimeField()
        day = models.DateField()
        time = models.TimeField(null=True)
        duration = models.DurationField(null=True)
        data = models.JSONField()
        uuid = models.UUIDField()

        class Meta:
            app_label = "tests"
            unique_together = (("name", "rate"), ("rate", "name", "small"))
            indexes = (
                *(
                    models.Index(fields=["price", "-qty"], condition=condition, name=f"where_{number}")
                    for number, condition in enumerate(conditions())
                ),
                models.Index(fields=["name"]),
                models.Index(fields=["-small"], name="descending"),
                models.Index(fields=["small"], name="ascending"),
                models.Index(fields=["name", "-status"], include=["qty"], name="covering"),
                models.Index(fields=["name"], opclasses=["text_pattern_ops"], name="pattern"),
                models.Index(fields=["small", "qty"], opclasses=["int2_ops", "int8_ops"], name="default_opclasses"),
                models.Index(Upper("name"), name="upper"),
                models.Index(Lower("name").desc(), "status", name="lower_descending"),
                models.Index(F("moment").desc(), name="moment_descending"),
                models.Index(F("qty") * F("price"), name="product"),
                models.Index(Coalesce("name", Value("z")), name="coalesce"),
                models.Index(Cast("qty", models.TextField()), name="cast"),
                models.Index(Substr("name", 1, 3), Length("name"), name="substring"),
                models.Index(Trim("name"), name="trim"),
                models.Index(models.Case(models.When(status="x", then=F("qty")), default=None), name="cases"),
                models.Index(F("data__a"), name="key_of_json"),
                models.Index(Abs("small") + 1, -F("small"), F("qty") % 2, name="arithmetic"),
                models.Index(Round("price", 1), NullIf("name", Value("")), name="functions"),
            )
            constraints = (
                *(
                    models.CheckConstraint(condition=condition, name=f"check_{number}")
                    for number, condition in enumerate(conditions())
                ),
                models.CheckConstraint(condition=models.lookups.GreaterThan(Length("name"), 3), name="expression"),
                models.UniqueConstraint(fields=["name", "status"], name="unique_plain"),
                models.UniqueConstraint(fields=["name", "small"], name="unique_where", condition=Q(active=True)),
                models.UniqueConstraint(fields=["name", "qty"], name="unique_covering", include=["small"]),
                models.UniqueConstraint(
                    fields=["name", "moment"], name="unique_deferred", deferrable=Deferrable.DEFERRED
                ),
                models.UniqueConstraint(fields=["name", "day"], name="unique_late", deferrable=Deferrable.IMMEDIATE),
                models.UniqueConstraint(fields=["name", "time"], name="unique_nulls", nulls_distinct=False),
                models.UniqueConstraint(fields=["name", "uuid"], name="unique_distinct", nulls_distinct=True),
                models.UniqueConstraint(
                    fields=["status", "day"], name="unique_opclass", opclasses=["text_pattern_ops", "date_ops"]
                ),
                models.UniqueConstraint(Lower("name"), "status", name="unique_lower"),
                models.UniqueConstraint(Lower("name"), "qty", name="unique_lower_where", condition=Q(qty__gt=1)),
            )

    return Optional


@isolate_apps("tests")
def test_silent_on_every_option_of_indexes_and_constraints(sqlite: Scratch) -> None:
    model = every_option()
    sqlite.create(model)
    assert said_of(sqlite, model._meta.apps) == []


@isolate_apps("tests")
def test_silent_on_every_option_of_indexes_and_constraints_on_every_server(postgres_versions: Scratch) -> None:
    model = every_option()
    postgres_versions.create(model)
    assert said_of(postgres_versions, model._meta.apps) == []


@isolate_apps("tests")
def test_silent_on_the_fields_indexes_and_constraints_of_contrib_postgres(
    contrib_postgres: None, postgres_versions: Scratch
) -> None:
    extensions = extend(postgres_versions, "hstore", "btree_gist", "bloom", "pg_trgm")

    class Booking(models.Model):
        room = models.IntegerField()
        name = models.CharField(max_length=30)
        tags = ArrayField(models.CharField(max_length=5), size=3)
        board = ArrayField(ArrayField(models.IntegerField()), db_default=Value([], ArrayField(models.IntegerField())))
        integers = IntegerRangeField()
        bigs = BigIntegerRangeField(null=True)
        numbers = DecimalRangeField()
        days = DateRangeField()
        span = DateTimeRangeField()
        data = models.JSONField()
        vector = SearchVectorField(null=True)
        words = models.GeneratedField(
            expression=SearchVector("name", config="english"), output_field=SearchVectorField(), db_persist=True
        )
        moment = models.DateTimeField()
        gone = models.BooleanField()

        class Meta:
            app_label = "tests"
            indexes = (
                GinIndex(fields=["data"], name="gin"),
                GinIndex(fields=["data"], opclasses=["jsonb_path_ops"], name="gin_paths", fastupdate=False),
                GinIndex(fields=["tags"], opclasses=["array_ops"], name="gin_tags", condition=Q(gone=False)),
                GinIndex(SearchVector("name", config="english"), name="gin_search"),
                GinIndex(fields=["words"], name="gin_words", gin_pending_list_limit=4096),
                GistIndex(fields=["span"], name="gist", fillfactor=70, buffering=True),
                GistIndex(fields=["integers"], opclasses=["range_ops"], name="gist_named"),
                SpGistIndex(fields=["days"], name="spgist"),
                BrinIndex(fields=["moment"], name="brin", pages_per_range=4, autosummarize=True),
                BrinIndex(fields=["moment"], opclasses=["timestamptz_minmax_multi_ops"], name="brin_multi"),
                HashIndex(fields=["name"], name="hash"),
                BTreeIndex(fields=["name"], name="btree", fillfactor=80, deduplicate_items=False),
                models.Index(OpClass(Upper("name"), name="varchar_pattern_ops"), name="upper_pattern"),
                models.Index(OpClass("name", name="text_pattern_ops").desc(), "room", name="pattern_descending"),
                models.Index(Collate(Upper("name"), "C").desc(), name="upper_c"),
                models.Index(F("moment").desc(nulls_last=True), F("room").asc(nulls_first=True), name="nulls"),
                models.Index(TruncDate("moment", tzinfo=dt.UTC), ExtractYear("moment"), name="days"),
                *((BloomIndex(fields=["room"], name="bloom", length=96),) if "bloom" in extensions else ()),
                *(
                    (GistIndex(OpClass("name", name="gist_trgm_ops"), name="trigrams"),)
                    if "pg_trgm" in extensions
                    else ()
                ),
                *(
                    (GinIndex(fields=["name"], opclasses=["gin_trgm_ops"], name="gin_trigrams"),)
                    if "pg_trgm" in extensions
                    else ()
                ),
            )
            constraints = (
                models.CheckConstraint(condition=Q(integers__contains=5) | Q(tags__contains=["a"]), name="contains"),
                models.CheckConstraint(condition=Q(tags__len=2) | Q(tags__0="a"), name="length"),
                models.CheckConstraint(condition=Q(data__has_keys=["a", "b"]), name="keys"),
                ExclusionConstraint(expressions=[("span", RangeOperators.OVERLAPS)], name="overlap"),
                ExclusionConstraint(
                    expressions=[(OpClass("integers", name="range_ops"), RangeOperators.OVERLAPS)],
                    include=["room"],
                    name="overlap_covering",
                ),
                ExclusionConstraint(
                    expressions=[(F("days"), "-|-")],
                    index_type="SPGIST",
                    condition=Q(gone=False),
                    deferrable=Deferrable.DEFERRED,
                    name="adjacent",
                ),
                *(
                    (
                        ExclusionConstraint(
                            expressions=[("room", RangeOperators.EQUAL), ("span", RangeOperators.OVERLAPS)],
                            name="rooms",
                        ),
                    )
                    if "btree_gist" in extensions
                    else ()
                ),
            )

    created: list[type[models.Model]] = [Booking]
    if "hstore" in extensions:

        class Stored(models.Model):
            pairs = HStoreField(db_index=True)

            class Meta:
                app_label = "tests"
                indexes = (GinIndex(fields=["pairs"], name="gin_pairs"),)

        created.append(Stored)
    postgres_versions.create(*created)
    assert said_of(postgres_versions, Booking._meta.apps) == []


@isolate_apps("tests")
def test_silent_on_inheritance_proxies_through_tables_and_other_databases_tables(scratch: Scratch) -> None:
    class Base(models.Model):
        code = models.SlugField(unique=True)

        class Meta:
            app_label = "tests"
            abstract = True
            constraints = (models.UniqueConstraint(fields=["code", "id"], name="%(class)s_code"),)

    class Parent(Base):
        others = models.ManyToManyField("self")
        friends: Any = models.ManyToManyField("Friend", through="Friendship")

        class Meta(Base.Meta):
            app_label = "tests"

    class Child(Parent):
        extra = models.PositiveIntegerField()

        class Meta:
            app_label = "tests"

    class Proxy(Child):
        class Meta:
            app_label = "tests"
            proxy = True

    class Friend(models.Model):
        class Meta:
            app_label = "tests"

    class Friendship(models.Model):
        parent = models.ForeignKey(Parent, models.CASCADE)
        friend = models.ForeignKey(Friend, models.CASCADE, db_column="The Friend")

        class Meta:
            app_label = "tests"
            db_table = "Mixed Case"
            unique_together = (("parent", "friend"),)

    class Twin(models.Model):
        legacy = models.TextField()

        class Meta:
            app_label = "tests"
            managed = False
            db_table = "tests_friend"

    class Elsewhere(models.Model):
        class Meta:
            app_label = "tests"
            required_db_vendor = "oracle"

    scratch.create(Parent, Child, Friend, Friendship)
    scratch.execute("ALTER TABLE tests_friend ADD COLUMN legacy text")
    assert said_of(scratch, Parent._meta.apps) == []


@isolate_apps("tests")
def test_silent_on_a_view_and_on_a_table_that_is_missing(scratch: Scratch) -> None:
    class Seen(models.Model):
        name = models.TextField(unique=True)

        class Meta:
            app_label = "tests"

    scratch.execute("CREATE TABLE other (id int PRIMARY KEY)")
    assert said_of(scratch, Seen._meta.apps) == []
    scratch.execute("CREATE VIEW tests_seen AS SELECT 1 AS id")
    assert said_of(scratch, Seen._meta.apps) == []


@isolate_apps("tests")
def test_silent_on_a_table_in_another_schema(postgres: Scratch) -> None:
    class Placed(models.Model):
        name = models.TextField(unique=True)

        class Meta:
            app_label = "tests"
            db_table = 'other"."placed'

    postgres.execute("CREATE SCHEMA other; ALTER DATABASE scratch SET search_path = public, other;")
    postgres.connection.close()
    postgres.create(Placed)
    assert said_of(postgres, Placed._meta.apps) == []
    assert [one.schema for one in postgres.snapshot(Placed._meta.apps).expected or ()] == ["other"]


@isolate_apps("tests")
def test_silent_on_keys_that_older_versions_of_django_made(postgres: Scratch) -> None:
    class Old(models.Model):
        id = models.AutoField(primary_key=True)
        name = models.CharField(max_length=9, unique=True)
        active = models.BooleanField()

        class Meta:
            app_label = "tests"
            indexes = (models.Index(fields=["name"], condition=Q(active=True), name="active_names"),)

    postgres.execute("""
        CREATE TABLE tests_old (id serial PRIMARY KEY, name varchar(9) NOT NULL, active bool NOT NULL);
        ALTER TABLE tests_old ADD CONSTRAINT tests_old_name_uniq UNIQUE (name);
        CREATE INDEX tests_old_name_5c4b_like ON tests_old (name varchar_pattern_ops);
        CREATE INDEX active_names ON tests_old (name) WHERE active = true;
    """)
    assert said_of(postgres, Old._meta.apps) == []


def test_silent_on_the_freshly_migrated_erp_but_for_the_index_made_by_sql(sqlite: Scratch) -> None:
    erp_database.migrate(sqlite)
    assert said(sqlite.snapshot(installed)) == ["undeclared_index:erp_salesorder:(order_date, status)"]


def test_silent_on_the_freshly_migrated_erp_on_every_server(postgres_versions: Scratch) -> None:
    erp_database.migrate(postgres_versions)
    assert said(postgres_versions.snapshot(installed)) == ["undeclared_index:erp_salesorder:(order_date, status)"]


@isolate_apps("tests")
def test_takes_one_statement_at_most_and_none_that_writes(scratch: Scratch) -> None:
    class Collated(models.Model):
        text = models.TextField(db_index=True, db_collation="NOCASE" if scratch.vendor == "sqlite" else "C")
        more = models.TextField(unique=True, db_collation="NOCASE" if scratch.vendor == "sqlite" else "C")

        class Meta:
            app_label = "tests"

    model = every_option()
    apps = model._meta.apps
    models_of = owners.read_models(apps, scratch.connection)
    scratch.connection.ensure_connection()
    with CaptureQueriesContext(scratch.connection) as captured:
        deterministic = expected.collations(scratch.connection, apps)
        tables, skipped = expected.read(scratch.connection, apps, models_of, deterministic)
    assert tables is not None
    assert len(tables) == 2
    assert skipped == ()
    assert len(captured) == (1 if scratch.vendor == "postgresql" else 0)
    assert scratch.connection.introspection.table_names() == []


@isolate_apps("tests")
def test_an_index_class_that_raises_is_named_and_the_other_models_are_compared(scratch: Scratch) -> None:
    class Broken(models.Index):
        def create_sql(self, *_: Any, **__: Any) -> Any:
            raise RuntimeError("no such thing")

    class Bad(models.Model):
        class Meta:
            app_label = "tests"
            indexes = (Broken(fields=["id"], name="broken"),)

    class Good(models.Model):
        class Meta:
            app_label = "tests"

    scratch.create(Good)
    found = scratch.snapshot(Good._meta.apps)
    assert [table.name for table in found.expected or ()] == ["tests_good"]
    assert [(one.what, one.reason) for one in found.skipped] == [
        ("tests.Bad", "What Django would create for it is unknown: RuntimeError: no such thing.")
    ]


@isolate_apps("tests")
def test_every_index_and_constraint_knows_where_it_is_declared(scratch: Scratch) -> None:
    class Part(models.Model):
        code = models.CharField(max_length=9, db_index=True)
        price = models.PositiveIntegerField(unique=True)

        class Meta:
            app_label = "tests"
            unique_together = (("code", "price"),)
            indexes = (models.Index(Upper("code"), name="part_upper"),)
            constraints = (models.CheckConstraint(condition=Q(price__gt=1), name="part_price"),)

    scratch.create(Part)
    table = table_of(scratch, Part)
    things: list[Index | Constraint] = [*table.indexes, *table.constraints]
    found = {(one.declared.by, one.declared.fields) for one in things if one.declared}
    assert found == {
        ("field", ("code",)),
        ("field", ("price",)),
        ("unique_together", ("code", "price")),
        ("indexes", ()),
        ("constraints", ()),
    }
    lines = {one.declared.location.line for one in table.indexes if one.declared and one.declared.location}
    assert len(lines) == 4
    without = [one.columns for one in table.indexes if one.declared and not one.declared.sql]
    assert without == [("price",)], "only a field's unique key is made together with its table"


@isolate_apps("tests")
def test_foreign_keys_are_those_that_the_database_is_to_enforce(scratch: Scratch) -> None:
    class Child(models.Model):
        parent = models.ForeignKey("self", models.CASCADE)
        loose = models.ForeignKey("self", models.CASCADE, db_constraint=False, related_name="+")

        class Meta:
            app_label = "tests"

    scratch.create(Child)
    (key,) = table_of(scratch, Child).foreign_keys
    assert (key.columns, key.target_table, key.target_columns) == (("parent_id",), "tests_child", ("id",))
