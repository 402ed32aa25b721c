"""The statements that read PostgreSQL's catalog whole, for the servers 14 to 18.

Each answers for all relations at once. OIDs tie their rows together and never leave ``catalog``. None reads a table's
rows, or a value out of one. Names are cast to text and OIDs to bigint because psycopg 2 knows no arrays of them.
"""

from __future__ import annotations

# Compiling statements over a large catalog takes longer than running them.
WITHOUT_JIT = "SELECT set_config('jit', 'off', true)"

# reset_val is what the session began with: the audit's own SET LOCAL of the timeouts does not show in it.
SETTINGS = """
SELECT name, reset_val AS value FROM pg_settings WHERE name = ANY(%(names)s)
UNION ALL
SELECT 'extension.' || extname, extversion FROM pg_extension
UNION ALL
SELECT 'in_recovery', CASE WHEN pg_is_in_recovery() THEN 'on' ELSE 'off' END
UNION ALL
SELECT attribute, CASE WHEN held THEN 'on' ELSE 'off' END
FROM pg_roles, LATERAL (VALUES ('role.superuser', rolsuper), ('role.bypassrls', rolbypassrls)) AS of (attribute, held)
WHERE rolname = current_user
UNION ALL
SELECT 'stats_reset', coalesce(to_char(stats_reset AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), '')
FROM pg_stat_database WHERE datname = current_database()
UNION ALL
SELECT 'stats_begin', coalesce(to_char(stats_reset AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), '')
FROM pg_stat_archiver
UNION ALL
SELECT 'standbys', count(*)::text FROM pg_stat_replication
"""

# What another session has locked against reading. A partition's or an index's lock counts for the table above it
# where RELATIONS folds them.
LOCKED = """
SELECT DISTINCT coalesce(i.indrelid, t.oid, l.relation)::bigint AS oid
FROM pg_locks l
LEFT JOIN pg_index i ON i.indexrelid = l.relation
LEFT JOIN pg_class t ON t.reltoastrelid = l.relation
WHERE l.locktype = 'relation' AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND l.pid IS DISTINCT FROM pg_backend_pid() AND l.mode = 'AccessExclusiveLock'
"""

NOT_OF_AN_EXTENSION = """NOT EXISTS (
    SELECT FROM pg_depend e
    WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.objsubid = 0 AND e.deptype = 'e'
)"""


def utc(moment: str) -> str:
    """The SQL for a moment as ISO 8601 text in UTC, empty where there is none."""
    return f"""coalesce(to_char({moment} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), '')"""


# One row for each table or view; partitions at any depth are added up under the root of their tree. A partition that
# was never analyzed counts as empty where its file is. Sizes of what is locked are not asked for: that would wait.
RELATIONS = f"""
WITH RECURSIVE tree AS (
    SELECT c.oid AS root, c.oid, c.relkind
    FROM pg_class c
    WHERE c.relnamespace = ANY(%(schemas)s::oid[]) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
        AND NOT c.relispartition AND c.relpersistence <> 't' AND {NOT_OF_AN_EXTENSION}
    UNION ALL
    SELECT tree.root, c.oid, c.relkind
    FROM tree
    JOIN pg_inherits i ON i.inhparent = tree.oid
    JOIN pg_class c ON c.oid = i.inhrelid
    WHERE tree.relkind = 'p'
), folded AS (
    SELECT tree.root,
        bool_or(c.oid = ANY(%(locked)s::oid[])) AS locked,
        (count(*) FILTER (WHERE c.relkind <> 'p' AND c.oid <> tree.root)) AS partitions,
        bool_or(c.relpersistence = 'u') AS unlogged,
        coalesce(sum(c.reltuples) FILTER (WHERE c.relkind <> 'p' AND c.reltuples >= 0), 0)::bigint AS rows,
        bool_and(
            c.relkind = 'p' OR c.reltuples >= 0 OR c.relkind = 'r' AND c.oid <> tree.root AND size.heap = 0
        ) AS rows_known,
        sum(size.total)::bigint AS bytes,
        sum(size.heap)::bigint AS heap_bytes,
        coalesce(sum(size.indexes), 0)::bigint AS index_bytes,
        sum(s.seq_scan)::bigint AS sequential_scans,
        sum(s.seq_tup_read)::bigint AS sequential_rows,
        coalesce(sum(s.idx_scan), 0)::bigint AS index_scans,
        sum(s.n_tup_ins)::bigint AS inserted,
        sum(s.n_tup_upd)::bigint AS updated,
        sum(s.n_tup_hot_upd)::bigint AS hot_updated,
        sum(s.n_tup_del)::bigint AS deleted,
        sum(s.n_live_tup)::bigint AS live_rows,
        sum(s.n_dead_tup)::bigint AS dead_rows,
        sum(s.n_mod_since_analyze)::bigint AS modified_since_analyze,
        min(greatest(s.last_vacuum, s.last_autovacuum)) AS last_vacuum,
        (max(greatest(s.last_analyze, s.last_autoanalyze)) FILTER (WHERE c.oid = tree.root)) AS last_analyze
    FROM tree
    JOIN pg_class c ON c.oid = tree.oid
    LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid
    LEFT JOIN LATERAL (
        SELECT pg_relation_size(c.oid) AS heap, pg_table_size(c.oid) AS total,
            CASE WHEN c.oid <> tree.root THEN pg_indexes_size(c.oid) END AS indexes
        WHERE c.oid <> ALL(%(locked)s::oid[])
    ) AS size ON true
    GROUP BY tree.root
)
SELECT c.oid::bigint AS oid, c.relname::text AS name, c.relnamespace::bigint AS schema, c.relkind::text AS kind,
    format('%%I.%%I', n.nspname, c.relname) AS quoted,
    coalesce(has_table_privilege(c.oid, 'SELECT'), false) AS permitted,
    c.relrowsecurity AND coalesce(row_security_active(c.oid), true) AS filtered,
    c.reltuples AS planned_rows,
    coalesce(d.description, '') AS comment,
    {utc("folded.last_analyze")} AS last_analyze,
    {utc("folded.last_vacuum")} AS last_vacuum,
    folded.locked, folded.partitions, folded.unlogged, folded.rows, folded.rows_known,
    folded.bytes, folded.index_bytes, folded.heap_bytes, coalesce(c.reloptions, '{{}}')::text[] AS options,
    folded.sequential_scans, folded.sequential_rows, folded.index_scans,
    folded.inserted, folded.updated, folded.hot_updated, folded.deleted,
    folded.live_rows, folded.dead_rows, folded.modified_since_analyze
FROM folded
JOIN pg_class c ON c.oid = folded.root
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_description d ON d.classoid = 'pg_class'::regclass AND d.objoid = c.oid AND d.objsubid = 0
"""

# A column is serial while its default asks a sequence, and it owns one.
COLUMNS = """
SELECT a.attrelid::bigint AS relation, a.attname::text AS name, a.attnum AS position,
    format_type(a.atttypid, a.atttypmod) AS type,
    NOT (a.attnotnull OR t.typtype = 'd' AND t.typnotnull) AS nullable,
    coalesce(pg_get_expr(d.adbin, d.adrelid), '') AS expression,
    a.attgenerated <> '' AS generated,
    coalesce(l.collname, '')::text AS collation,
    CASE
        WHEN a.attidentity <> '' THEN a.attidentity::text
        WHEN pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%%' AND EXISTS (
            SELECT FROM pg_depend o
            JOIN pg_sequence s ON s.seqrelid = o.objid
            WHERE o.classid = 'pg_class'::regclass AND o.deptype = 'a'
                AND o.refclassid = 'pg_class'::regclass AND o.refobjid = a.attrelid AND o.refobjsubid = a.attnum
        ) THEN 's'
        ELSE ''
    END AS identity,
    coalesce(c.description, '') AS comment
FROM pg_attribute a
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN pg_collation l ON l.oid = a.attcollation AND a.attcollation <> t.typcollation
LEFT JOIN pg_description c
    ON c.classoid = 'pg_class'::regclass AND c.objoid = a.attrelid AND c.objsubid = a.attnum
WHERE a.attrelid = ANY(%(relations)s::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum
"""

# The view shows only columns that the role may select, and none under row-level security. It names its tables, and is
# quick only where it may choose them by name; a name that several schemas share is sorted out by the reader.
COLUMN_STATISTICS = """
SELECT schemaname::text AS schema, tablename::text AS table, attname::text AS name, inherited,
    null_frac, n_distinct, avg_width, correlation, most_common_freqs
FROM pg_stats
WHERE schemaname = ANY(%(schemas)s::name[]) AND tablename = ANY(%(tables)s::name[])
"""

# Without positions: the server's functions for them take ROW EXCLUSIVE on the sequence (see `positions`). Of a sequence
# that is locked against reading, or unlogged and on a standby, there is none to read.
SEQUENCES = f"""
SELECT c.relname::text AS name, c.relnamespace::bigint AS schema, t.relname::text AS table, a.attname::text AS column,
    format_type(s.seqtypid, NULL) AS type,
    s.seqmin AS minimum, s.seqmax AS maximum, s.seqincrement AS increment, s.seqcycle AS cycles,
    coalesce(has_sequence_privilege(c.oid, 'SELECT'), false) AND c.oid <> ALL(%(locked)s::oid[])
        AND (c.relpersistence = 'p' OR NOT pg_is_in_recovery()) AS readable
FROM pg_class c
JOIN pg_sequence s ON s.seqrelid = c.oid
LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0
    AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
LEFT JOIN pg_class t ON t.oid = d.refobjid
LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
WHERE c.relnamespace = ANY(%(schemas)s::oid[]) AND c.relkind = 'S' AND c.relpersistence <> 't'
    AND {NOT_OF_AN_EXTENSION}
"""

STILL_THERE = "SELECT oid::bigint AS oid FROM pg_class WHERE oid = ANY(%(relations)s::oid[])"
