"""The statements that read PostgreSQL's indexes and constraints, for the servers 14 to 18 (see ``postgresql_sql``)."""

from __future__ import annotations

from dbaudit.catalog.database.postgresql.statements import utc


def indexes(version: int) -> str:
    """One row for each index; those of partitions are added up under the index of the partitioned table.

    The progress view hides from an ordinary role what another role builds, but not that it does: then the lock of the
    builder on the table tells.

    Two things cost the server more than all the rest, so they are asked for where they tell something. An index is
    opened to be measured if its table has changed since ANALYZE counted the pages of both, or was emptied. Its
    definition is put into words if it has a predicate, options, or an OID among ``%(intricate)s``.
    """
    nulls_distinct = "NOT i.indnullsnotdistinct" if version >= 150000 else "true"
    last_scan = utc("max(pg_stat_get_lastscan(tree.oid))") if version >= 160000 else "NULL::text"
    return f"""
WITH RECURSIVE tree AS (
    SELECT indexrelid AS root, indexrelid AS oid, indrelid AS relation
    FROM pg_index
    WHERE indrelid = ANY(%(relations)s::oid[])
    UNION ALL
    SELECT tree.root, p.inhrelid, i.indrelid
    FROM tree
    JOIN pg_inherits p ON p.inhparent = tree.oid
    JOIN pg_index i ON i.indexrelid = p.inhrelid
), unchanged AS MATERIALIZED (
    SELECT relation
    FROM (SELECT DISTINCT relation FROM tree) AS ours
    WHERE pg_stat_get_mod_since_analyze(relation) = 0
        AND coalesce(pg_stat_get_last_analyze_time(relation), pg_stat_get_last_autoanalyze_time(relation)) IS NOT NULL
), folded AS (
    SELECT tree.root,
        sum(
            CASE
                WHEN unchanged.relation IS NOT NULL AND c.reltuples >= 0
                THEN c.relpages * current_setting('block_size')::bigint
                ELSE pg_table_size(tree.oid)
            END
        )::bigint AS bytes,
        sum(pg_stat_get_numscans(tree.oid))::bigint AS scans,
        sum(pg_stat_get_tuples_returned(tree.oid))::bigint AS tuples_read, {last_scan} AS last_scan,
        CASE WHEN bool_and(c.relkind = 'I' OR c.reltuples >= 0) THEN sum(greatest(c.reltuples, 0))::bigint END AS rows
    FROM tree
    JOIN pg_class c ON c.oid = tree.oid
    LEFT JOIN unchanged ON unchanged.relation = tree.relation
    GROUP BY tree.root
), build AS MATERIALIZED (
    SELECT b.index_relid, l.relation
    FROM pg_stat_progress_create_index b
    LEFT JOIN pg_locks l ON b.relid IS NULL AND l.pid = b.pid AND l.locktype = 'relation'
        AND l.mode = 'ShareUpdateExclusiveLock'
    WHERE b.datname = current_database()
)
SELECT i.indexrelid::bigint AS oid, i.indrelid::bigint AS relation, c.relname::text AS name, m.amname::text AS method,
    i.indisunique AS unique, {nulls_distinct} AS nulls_distinct,
    i.indisvalid AS valid, i.indisready AS ready, i.indislive AS live,
    NOT i.indisvalid AND EXISTS (
        SELECT FROM build WHERE build.index_relid = i.indexrelid OR build.relation = i.indrelid
    ) AS building,
    i.indisclustered AS clustered, i.indisreplident AS replica_identity, c.relkind = 'I' AS partitioned,
    coalesce(k.contype::text, '') AS constraint, coalesce(k.conname::text, '') AS constraint_name,
    EXISTS (SELECT FROM pg_constraint f WHERE f.contype = 'f' AND f.conindid = i.indexrelid) AS referenced,
    coalesce(pg_get_expr(i.indpred, i.indrelid), '') AS predicate,
    quote_ident(c.relname) AS quoted,
    CASE
        WHEN i.indpred IS NOT NULL OR c.reloptions IS NOT NULL OR i.indexrelid = ANY(%(intricate)s::oid[])
        THEN pg_get_indexdef(i.indexrelid)
    END AS definition,
    coalesce(c.reloptions, '{{}}') AS options, age(i.xmin) AS age,
    folded.bytes, folded.scans, folded.tuples_read, folded.last_scan, folded.rows
FROM pg_index i
JOIN folded ON folded.root = i.indexrelid
JOIN pg_class c ON c.oid = i.indexrelid
JOIN pg_am m ON m.oid = c.relam
LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.conrelid = i.indrelid AND k.contype IN ('p', 'u', 'x')
"""


# One row for each position of an index. pg_get_indexdef of one position leaves out what tells twins apart, so opclass,
# collation and direction come from where the planner has them. A class is the default if it is so marked, and no
# other one is for exactly this type: text_ops is marked, yet for citext it is a choice. What is equal has an equal
# image, so that a b-tree may keep it once, if the class has the fourth support function and the collation tells apart
# whatever differs by a byte. A position is intricate where its words in a definition are more than the column's name,
# the direction and an opclass of the server's own.
INDEX_KEYS = """
SELECT i.indexrelid::bigint AS index, i.indrelid::bigint AS relation,
    c.relname::text AS index_name, c.relnamespace::bigint AS schema, x.attname::text AS name,
    CASE WHEN a.attnum IS NULL THEN coalesce(has_column_privilege(c.oid, x.attnum, 'SELECT'), false) END AS permitted,
    x.attnum <= i.indnkeyatts AS key, a.attname::text AS column,
    quote_ident(a.attname) AS quoted,
    CASE WHEN a.attnum IS NULL THEN pg_get_indexdef(i.indexrelid, x.attnum::int, false) END AS expression,
    a.attnum IS NULL OR x.attoptions IS NOT NULL OR l.oid IS NOT NULL
        OR coalesce(o.opcnamespace <> 'pg_catalog'::regnamespace, false) AS intricate,
    CASE WHEN x.attoptions IS NOT NULL OR NOT o.opcdefault OR o.opcintype <> type.oid AND EXISTS (
        SELECT FROM pg_opclass other
        WHERE other.opcmethod = o.opcmethod AND other.opcdefault AND other.opcintype = type.oid
    ) THEN o.opcname::text || coalesce(' (' || array_to_string(x.attoptions, ', ') || ')', '') END AS opclass,
    l.collname::text AS collation,
    coalesce(s.collisdeterministic, true) AND EXISTS (
        SELECT FROM pg_amproc p
        WHERE p.amprocfamily = o.opcfamily AND p.amproclefttype = o.opcintype AND p.amprocnum = 4
    ) AS equal_image,
    (i.indoption[x.attnum - 1] & 1) <> 0 AS descending,
    (i.indoption[x.attnum - 1] & 2) <> 0 AS nulls_first
FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid
JOIN pg_attribute x ON x.attrelid = i.indexrelid
LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[x.attnum - 1]
LEFT JOIN pg_opclass o ON o.oid = i.indclass[x.attnum - 1]
LEFT JOIN LATERAL (
    SELECT CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END AS oid
    FROM pg_type t
    WHERE t.oid = coalesce(a.atttypid, CASE WHEN o.opckeytype = 0 THEN x.atttypid END)
) AS type ON true
LEFT JOIN pg_collation s ON s.oid = i.indcollation[x.attnum - 1]
LEFT JOIN pg_collation l ON l.oid = i.indcollation[x.attnum - 1]
    AND l.oid <> coalesce(a.attcollation, 'pg_catalog."default"'::regcollation)
WHERE i.indrelid = ANY(%(relations)s::oid[])
ORDER BY i.indexrelid, x.attnum
"""


def constraints(version: int) -> str:
    """One row for each constraint, foreign keys among them; what a partition inherits is left out.

    Columns are positions, and names (``foreign_columns``) where the table that a key points at is none of ours.
    Server 18 keeps every NOT NULL here too. Those that hold are said by the column; those NOT VALID are not.
    """
    enforced = "k.conenforced" if version >= 180000 else "true"
    return f"""
SELECT k.conrelid::bigint AS relation, k.conname::text AS name, k.contype::text AS type,
    k.conkey::int[] AS columns,
    k.convalidated AS validated, {enforced} AS enforced, k.condeferrable AS deferrable,
    k.condeferred AS deferred,
    k.confdeltype::text AS on_delete, k.confupdtype::text AS on_update,
    t.relname::text AS target_table, t.relnamespace::bigint AS target_schema, n.nspname::text AS target_schema_name,
    k.confrelid::bigint AS target, k.confkey::int[] AS target_columns,
    CASE WHEN k.contype = 'f' AND NOT k.confrelid = ANY(%(relations)s::oid[]) THEN (
        SELECT array_agg(a.attname::text ORDER BY array_position(k.confkey, a.attnum))
        FROM pg_attribute a WHERE a.attrelid = k.confrelid AND a.attnum = ANY(k.confkey)
    ) END AS foreign_columns,
    CASE WHEN k.contype <> 'f' THEN pg_get_constraintdef(k.oid) END AS definition
FROM pg_constraint k
LEFT JOIN pg_class t ON t.oid = k.confrelid
LEFT JOIN pg_namespace n ON n.oid = t.relnamespace
WHERE k.conrelid = ANY(%(relations)s::oid[]) AND k.conparentid = 0
    AND (k.contype IN ('p', 'u', 'x', 'c', 'f') OR k.contype = 'n' AND NOT k.convalidated)
"""
