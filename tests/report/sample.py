"""A report with a bit of everything, hostile names among it, built from values alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from dbaudit.analysis import inventory
from dbaudit.facts import (
    Column,
    ForeignKey,
    Index,
    IndexKey,
    Location,
    Model,
    ModelField,
    Ownership,
    Sequence,
    Skipped,
    Snapshot,
    Table,
)
from dbaudit.facts.dialect import Dialect
from dbaudit.findings import (
    Action,
    AddConstraint,
    Attempt,
    Baseline,
    ChangeQuery,
    ChangeSetting,
    Cost,
    CreateIndex,
    DatabaseReport,
    Document,
    DropIndex,
    EditModel,
    Evidence,
    Finding,
    Gain,
    Known,
    LeaveAsIs,
    Phase,
    Recommendation,
    Remedy,
    Report,
    Rule,
    RunSql,
    ScoreLine,
    Severity,
    StaleSuppression,
    Suppressed,
    Suppression,
)

HOSTILE = "</script><b>|`x`*_\"'\n# a\x1b[31m\u202e"

CUSTOMER = Location("shop/models.py", 12)
ORDER = Location("shop/models/orders.py", 40)


def key(name: str, table: str, *columns: str, **facts: object) -> Index:
    return Index(name=name, table=table, keys=tuple(IndexKey(column=one) for one in columns), **facts)  # type: ignore[arg-type]


def primary(table: str) -> Index:
    return key(f"{table}_pkey", table, "id", unique=True, constraint="primary key", constraint_name=f"{table}_pkey")


def columns(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name=name, type="bigint", nullable=name != "id") for name in names)


def field(name: str, **facts: object) -> ModelField:
    return ModelField(name=name, column=str(facts.pop("column", name)), kind="BigIntegerField", **facts)  # type: ignore[arg-type]


def relation(name: str, model: str, table: str, on_delete: str, **facts: object) -> ModelField:
    return field(
        name,
        column=f"{name}_id",
        relation="foreign key",
        related_model=model,
        related_table=table,
        related_columns=("id",),
        on_delete=on_delete,
        **facts,
    )


TABLES = (
    Table(
        name="auth_permission",
        columns=columns("id", "codename"),
        primary_key=("id",),
        indexes=(
            primary("auth_permission"),
            key("auth_permission_codename_01ab0e9f_uniq", "auth_permission", "codename", unique=True),
        ),
        rows=384,
        rows_are="exact",
        bytes=65_536,
        index_bytes=49_152,
        ownership=Ownership(owner="django", app="auth", model="auth.Permission"),
    ),
    Table(
        name="django_migrations",
        columns=columns("id"),
        primary_key=("id",),
        indexes=(primary("django_migrations"),),
        rows=999,
        rows_are="exact",
        bytes=8_192,
        index_bytes=16_384,
        ownership=Ownership(owner="django"),
    ),
    Table(
        name="shop_customer",
        columns=columns("id", "name"),
        primary_key=("id",),
        indexes=(
            primary("shop_customer"),
            key("shop_customer_name_0a1b2c3d", "shop_customer", "name"),
            Index(
                name="shop_customer_name_0a1b2c3d_like",
                table="shop_customer",
                keys=(IndexKey(column="name", opclass="varchar_pattern_ops"),),
            ),
        ),
        rows=1_200_000,
        rows_are="estimated",
        bytes=157_286_400,
        index_bytes=83_886_080,
        ownership=Ownership(app="shop", model="shop.Customer", location=CUSTOMER),
    ),
    Table(
        name="shop_order",
        columns=columns("id", "customer_id", "status"),
        primary_key=("id",),
        indexes=(
            primary("shop_order"),
            key("shop_order_customer_id_12345678", "shop_order", "customer_id", bytes=16_384, scans=0),
            key("idx_order_customer", "shop_order", "customer_id", bytes=16_384, scans=7),
            key("idx_order_open", "shop_order", "status", "customer_id", predicate="status = 1", included=("id",)),
            Index(
                name="idx_order_lower", table="shop_order", keys=(IndexKey(expression="abs(status)", descending=True),)
            ),
        ),
        foreign_keys=(
            ForeignKey(
                name="shop_order_customer_fk",
                table="shop_order",
                columns=("customer_id",),
                target_table="shop_customer",
                target_columns=("id",),
                deferrable=True,
                validated=True,
            ),
            ForeignKey(
                name="shop_order_status_fk",
                table="shop_order",
                columns=("status",),
                target_table="legacy_status",
                target_columns=("id",),
                target_schema="legacy",
                on_delete="CASCADE",
                validated=False,
            ),
        ),
        rows=20,
        rows_are="exact",
        bytes=None,
        index_bytes=None,
        ownership=Ownership(app="shop", model="shop.Order", location=ORDER),
    ),
    Table(name="shop_summary", kind="view", columns=columns("id")),
    Table(
        name=HOSTILE,
        columns=(Column(name=HOSTILE, type="text", nullable=True, default=f"'{HOSTILE}'"),),
        indexes=(key(f"i{HOSTILE}", HOSTILE, HOSTILE),),
        rows=20,
        rows_are="exact",
        ownership=Ownership(app="shop", model="shop.Hostile", location=Location(f"shop/{HOSTILE}.py", 1)),
    ),
)

MODELS = (
    Model(
        label="auth.Permission",
        app="auth",
        name="Permission",
        table="auth_permission",
        owner="django",
        fields=(field("id", primary_key=True), field("codename")),
    ),
    Model(
        label="shop.Customer",
        app="shop",
        name="Customer",
        table="shop_customer",
        owner="project",
        location=CUSTOMER,
        fields=(field("id", primary_key=True), field("name", indexed=True)),
    ),
    Model(
        label="shop.Hostile",
        app="shop",
        name="Hostile",
        table=HOSTILE,
        owner="project",
        fields=(relation("customer", "shop.Customer", "shop_customer", "SET_NULL", constrained=False),),
    ),
    Model(
        label="shop.Order",
        app="shop",
        name="Order",
        table="shop_order",
        owner="project",
        location=ORDER,
        fields=(
            field("id", primary_key=True),
            relation("customer", "shop.Customer", "shop_customer", "CASCADE", indexed=True),
            field("status"),
        ),
    ),
)

SNAPSHOT = Snapshot(
    alias="default",
    vendor="postgresql",
    server_version="15.4",
    dialect=Dialect("postgresql"),
    tables=TABLES,
    models=MODELS,
    sequences=(
        Sequence(
            name="shop_order_id_seq",
            table="shop_order",
            column="id",
            type="integer",
            last_value=1_500_000_000,
            maximum=2**31 - 1,
        ),
        Sequence(name="shop_ticket", maximum=2**63 - 1),
    ),
    skipped=(Skipped("shop_secret", "The audit's role may not read it.", "table"),),
)

RULES = (
    Rule(
        id="duplicate_index",
        title="Two indexes are the same",
        why="Each is written on every insert and kept in memory, and the planner needs only one.",
        fix="Drop the one that nothing depends on.\n\nWhere a model declares both, take one declaration out.",
        silent_when="They differ.",
        severity=Severity.WARNING,
    ),
    Rule(
        id="redundant_index",
        title="An index does nothing that a wider one does not",
        why="Every write maintains both.",
        fix="Drop the narrow one.",
        silent_when="The narrow index enforces something.",
        severity=Severity.WARNING,
    ),
)


def findings() -> tuple[Finding, ...]:
    customer, order, hostile = (SNAPSHOT.table(name) for name in ("shop_customer", "shop_order", HOSTILE))
    assert customer
    assert order
    assert hostile
    duplicate = Finding.about(
        order,
        subject="Index shop_order_customer_id_12345678 repeats idx_order_customer",
        detail="Both are indexes on shop_order (customer_id).",
        identity=("plain", "(customer_id)"),
        evidence=[
            Evidence("size of the spare index", 16_384, "bytes", "catalog"),
            Evidence(
                "scans of the spare index",
                0,
                "scans",
                "pg_stat_user_indexes",
                "SELECT idx_scan FROM pg_stat_user_indexes\nWHERE indexrelname = 'shop_order_customer_id_12345678'",
            ),
        ],
        remedy=Remedy(
            action=DropIndex(table="shop_order", name="shop_order_customer_id_12345678"),
            orm="Take 'shop_order_customer_id_12345678' out of shop.Order and run makemigrations.",
            sql='DROP INDEX CONCURRENTLY "shop_order_customer_id_12345678"',
            undo_sql='CREATE INDEX CONCURRENTLY "shop_order_customer_id_12345678" ON "shop_order" ("customer_id")',
            verification="The definitions were compared in the database's catalog.",
        ),
    )
    nasty = Finding.about(
        hostile,
        subject=f"Index i{HOSTILE} is bad",
        detail=f"It has | and `ticks` and <b>: {HOSTILE}",
        identity=(HOSTILE,),
        severity=Severity.ERROR,
        evidence=[Evidence(HOSTILE, HOSTILE, source=HOSTILE, sql=f"SELECT '{HOSTILE}'\n```\n</script>")],
        remedy=Remedy(
            action=ChangeQuery(before="orders = Order.objects.all()", after=f"# ```\n# {HOSTILE}"),
            sql="SELECT 1;\n````\n<script>alert(1)</script>",
        ),
    )
    automatic = [
        Finding.about(
            order,
            subject=f"Index narrow_{number} on shop_order is served by idx_order_customer",
            detail="(customer_id) leads (customer_id).",
            identity=(f"{number}",),
            severity=Severity.INFO,
            group="Django's automatic foreign-key index leads to nothing that a wider index does not serve",
            remedy=Remedy(
                action=EditModel(model="shop.Order", field="customer", change="db_index=False on customer"),
                orm="customer = models.ForeignKey(..., db_index=False)",
                sql=f"DROP INDEX narrow_{number}",
                undo_sql=f"CREATE INDEX narrow_{number} ON shop_order (customer_id)",
            ),
        )
        for number in range(45)
    ]
    permission = SNAPSHOT.table("auth_permission")
    assert permission
    foreign = Finding.about(
        permission,
        subject="Index a repeats b",
        detail="Both are indexes.",
        identity=("a",),
        severity=Severity.INFO,
        remedy=Remedy(action=DropIndex(table="auth_permission", name="a")),
    )
    return tuple(
        sorted(
            [
                replace(duplicate, check="duplicate_index", severity=Severity.WARNING, new=True),
                replace(nasty, check="shop_hostile", category="operations", new=True),
                *(replace(one, check="redundant_index", new=False) for one in automatic),
                replace(foreign, check="duplicate_index", new=False),
            ],
            key=lambda one: one.order,
        )
    )


def remedies() -> tuple[Remedy, ...]:
    """One of every kind."""
    actions: tuple[Action, ...] = (
        CreateIndex(table="shop_order", columns=("customer_id", "-status"), opclasses=("int8_ops", ""), unique=True),
        DropIndex(table="shop_order", name="spare", definition="CREATE INDEX spare ON shop_order (status)"),
        EditModel(model="shop.Order", field="customer", change="db_index=False on customer"),
        ChangeQuery(before="Order.objects.all()", after='Order.objects.select_related("customer")'),
        AddConstraint(table="shop_order", columns=("status",), constraint="CHECK (status > 0)"),
        RunSql(purpose="analyze the table"),
        ChangeSetting(setting="CONN_MAX_AGE", value="60", where="Django"),
        LeaveAsIs(why="It is meant so."),
    )
    tried = Attempt(state="failed", how="Executed on an empty copy of the table.", reason=f"It has no {HOSTILE}.")
    return tuple(Remedy(action=one, attempt=None if one.kind == "none" else tried) for one in actions)


def database() -> DatabaseReport:
    """The one database of the sample."""
    found = findings()
    by_check = {one.check: one for one in reversed(found)}
    grouped = tuple(one.key for one in found if one.check == "redundant_index")
    return DatabaseReport(
        snapshot=SNAPSHOT,
        summary=inventory.summary(SNAPSHOT, found),
        applications=inventory.applications(SNAPSHOT),
        index_kinds=inventory.index_kinds(SNAPSHOT),
        relations=inventory.relations(SNAPSHOT),
        findings=found,
        suppressed=(
            Suppressed(
                replace(found[-1], identity=("known",)),
                Suppression(reason=f"Known since {HOSTILE}", source="shop/models.py:12", expires=date(2027, 1, 31)),
            ),
        ),
        recommendations=(
            Recommendation(
                rank=1,
                priority="high",
                phase=1,
                title=f"Orders by customer and status {HOSTILE}",
                remedy=Remedy(
                    action=CreateIndex(
                        table="shop_order",
                        columns=("customer_id", "-status"),
                        name="order_customer_status",
                        include=("id",),
                    ),
                    orm='models.Index(fields=["customer", "-status"], include=["id"], name="order_customer_status")',
                    sql="CREATE INDEX CONCURRENTLY order_customer_status ON shop_order (customer_id, status DESC)",
                    undo_sql="DROP INDEX CONCURRENTLY order_customer_status",
                    verification="Planned by the server with and without it.",
                    attempt=Attempt(state="verified", how="Executed on an empty copy of the table."),
                ),
                findings=(by_check["shop_hostile"].key,),
                gain=Gain(before=120.5, after=2, unit="ms", source="measured"),
                cost=Cost(bytes=16_777_216, writes_slowed="INSERT and UPDATE on shop_order"),
                risk="safe",
            ),
            Recommendation(
                rank=2,
                priority="medium",
                phase=2,
                title=by_check["duplicate_index"].subject,
                remedy=by_check["duplicate_index"].remedy,
                findings=(by_check["duplicate_index"].key,),
                cost=Cost(bytes=-16_384),
            ),
            Recommendation(
                rank=3,
                priority="low",
                phase=2,
                title=by_check["redundant_index"].group,
                remedy=by_check["redundant_index"].remedy,
                findings=grouped,
            ),
        ),
        plan=(
            Phase(number=1, title="Safe and automatic: indexes to build", recommendations=(1,)),
            Phase(number=2, title="To review", recommendations=(2, 3)),
        ),
        scorecard=(
            ScoreLine(criterion="Average query time", target="< 50 ms", why="No query was measured in this audit."),
            ScoreLine(
                criterion="Schema errors", target="0 errors", measured="1 in the project's own apps", state="missed"
            ),
        ),
        skipped=(
            Skipped("Query performance", "This version measures no queries yet."),
            *SNAPSHOT.skipped,
            Skipped("shop_vault", "The audit's role may not read it.", "table"),
        ),
        crashed=(Skipped("shop_crashing", f"ValueError: {HOSTILE}", "check"),),
        ran=("duplicate_index", "redundant_index", "shop_hostile"),
    )


def report(*databases: DatabaseReport) -> Report:
    """The sample report, of its own database unless others are given."""
    return Report(
        generated_at="2025-07-13T14:30:00+00:00",
        duration_seconds=1.25,
        django="5.2",
        dbaudit="0.1.0",
        document=Document(
            title="Context7 ERP: database audit",
            category="Database Performance",
            reference="REC-DATABASE-OPTIMIZATION-250713-003",
            version="2.2.0",
        ),
        databases=databases or (database(),),
        rules=RULES,
        arguments=("--app", "shop"),
        baseline=None
        if databases
        else Baseline(
            file="dbaudit-baseline.txt",
            fixed=(
                Known("default", "duplicate_index:shop_order:plain:(status)", "Index a repeats b"),
                Known("default", f"shop_hostile:{HOSTILE}", HOSTILE),
            ),
        ),
        stale_suppressions=()
        if databases
        else (
            StaleSuppression(Suppression(reason="Sold", source="DBAUDIT['SUPPRESS'][0]", table="shop_old*"), "unused"),
            StaleSuppression(
                Suppression(reason=HOSTILE, source="shop/models.py:40", app="shop", expires=date(2025, 7, 1)), "expired"
            ),
        ),
    )


def clean() -> DatabaseReport:
    """A database in which two checks found nothing and everything was examined."""
    full = database()
    return replace(
        full,
        summary=inventory.summary(SNAPSHOT, ()),
        findings=(),
        suppressed=(),
        recommendations=(),
        plan=(),
        scorecard=(),
        skipped=(),
        crashed=(),
        ran=("duplicate_index", "redundant_index"),
    )


def empty() -> DatabaseReport:
    """A database without tables or models, in which no check ran."""
    nothing = replace(SNAPSHOT, alias="empty", tables=(), models=(), skipped=())
    return replace(
        clean(),
        snapshot=nothing,
        summary=inventory.summary(nothing, ()),
        applications=(),
        index_kinds=inventory.index_kinds(nothing),
        relations=inventory.relations(nothing),
        skipped=(Skipped("duplicate_index", "Not asked for.", "check"),),
        ran=(),
    )
