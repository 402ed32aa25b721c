"""What is wrong with the reference ERP: the key of every finding that an audit of its schema has to make, and why.

``PLAIN`` is there after ``seed_erp``, the rest after ``seed_erp --with-defects``. Nothing else may be found.
``MOST_VALUABLE`` says what of it, and of the queries, a maintainer would put right first.
"""

from __future__ import annotations

from typing import Literal

Vendor = Literal["sqlite", "postgresql"]
State = Literal["plain", "with defects"]

# What the project's models and migrations bring.
PLAIN = {
    "redundant_index:work_orders_workorder:(status)": "the index on both columns came later, this one was forgotten",
    "redundant_index:ai_forms_formanswer:(submission_id)": "a unique constraint leads with a key that kept its index",
    "unindexed_foreign_key:erp_invoiceitem:order_item_id": "db_index=False, and nothing else leads with the column",
    "unindexed_generic_foreign_key:core_attachment:content_type_id:object_id": "a generic key brings no index",
    "undeclared_index:erp_salesorder:(order_date, status)": "made by RunSQL, as its name is too long for a model",
}

# What Django makes by itself; only a `through` model of the project's own could leave the last two out.
DJANGO = {
    "redundant_index:auth_permission:(content_type_id)": "unique with the codename",
    "redundant_index:auth_group_permissions:(group_id)": "a many-to-many table",
    "redundant_index:auth_user_groups:(user_id)": "a many-to-many table",
    "redundant_index:auth_user_user_permissions:(user_id)": "a many-to-many table",
    "redundant_index:users_role_permissions:(role_id)": "a many-to-many table",
    "redundant_index:qms_qualityaudit_auditors:(qualityaudit_id)": "a many-to-many table",
}

# The branch that was migrated and thrown away.
BRANCH = {
    "ghost_migration:erp.0004_quick_fixes": "the branch's migration is recorded",
    "undeclared_column:erp_supplier:legacy_code": "the branch added it",
    "changed_column:erp_customer:city": "the branch made it shorter",
    "changed_column:erp_goodsreceipt:delivery_note": "the branch let NULL in",
    "missing_foreign_key_constraint:erp_shipment:carrier_id": "the branch said db_constraint=False",
    "missing_foreign_key_constraint:erp_suppliercontact:supplier_id": "the branch said db_constraint=False",
    "missing_index:erp_suppliercontact:(supplier_id)": "the branch also said db_index=False",
    "cascade_cost:erp_suppliercontact:supplier_id": "so that nothing helps to find a supplier's contacts",
    "missing_index:erp_goodsreceiptitem:(order_item_id)": "the branch said db_index=False",
    "unindexed_foreign_key:erp_goodsreceiptitem:order_item_id": "so that the key has no index",
    "missing_index:erp_material:(name)": "the branch removed it",
    "renamed_index:erp_customer:(name)": "the branch renamed it",
}

# What was typed into a database shell on either vendor, and what others left behind.
BY_HAND = {
    "duplicate_index:erp_salesorderitem:plain:(product_id)": "the key has its index already",
    "redundant_index:todos:(due_date)": "the index on due date and status serves the same",
    "undeclared_index:todos:(due_date)": "no model has it",
    "undeclared_index:erp_invoice:(status, invoice_date)": "no model has it",
    "undeclared_index:core_auditlog:(changes)": "no model has it",
    "wrong_index_method:core_auditlog:(changes)": "a b-tree on JSON",
    "changed_index:erp_invoice:(due_date) WHERE \"status\" IN ('sent', 'overdue')": "built anew for sent invoices only",
    "undeclared_constraint:erp_paymentterm:unique (company_id, days)": "no model has it",
    "undeclared_constraint:erp_currency:unique (code, name)": "no model has it",
    "redundant_uniqueness:erp_currency:(code, name)": "the code alone is unique",
    "orphan_rows:erp_shipment:carrier_id:→:erp_carrier": "a carrier was deleted where no constraint kept it",
    "table_without_model:crm_lead": "of an application that was removed",
    "ghost_migration:crm.0001_initial": "of an application that was removed",
    "table_without_model:price_import": "left by an import",
    "table_without_primary_key:price_import": "left by an import",
    "table_without_model:stock_count_2023": "somebody's stock count",
    "table_without_unique_key:stock_count_2023": "the unique column may be NULL",
}

# The same defects on either vendor, in the vendor's own SQL.
SPELLED: dict[Vendor, dict[str, str]] = {
    "sqlite": {
        "missing_constraint:erp_bom:CHECK (\"quantity\" > '0')": "the branch removed it",
        'changed_constraint:erp_vehicle:CHECK ("odometer_km" <= 5000000)': "the branch raised the limit",
        "needless_index_predicate:erp_payment:(method) WHERE method IS NOT NULL": "the column is never NULL",
        "undeclared_index:erp_payment:(method) WHERE method IS NOT NULL": "no model has it",
    },
    "postgresql": {
        'missing_constraint:erp_bom:CHECK ("quantity" > 0)': "the branch removed it",
        'changed_constraint:erp_vehicle:CHECK ("odometer_km" <= 5000000)': "the branch raised the limit",
        "needless_index_predicate:erp_payment:(method) WHERE (method IS NOT NULL)": "the column is never NULL",
        "undeclared_index:erp_payment:(method) WHERE (method IS NOT NULL)": "no model has it",
    },
}

POSTGRESQL = {
    "invalid_index:erp_salesorder:(customer_id, payment_term_id):invalid": "CREATE UNIQUE INDEX CONCURRENTLY failed",
    "invalid_index:erp_supplier:(name):leftover": "REINDEX CONCURRENTLY gave up waiting",
    "unvalidated_foreign_key:erp_payment:invoice_id:→:erp_invoice": "put back after a load as NOT VALID",
    "duplicate_foreign_key:erp_salesreturn:item_id:→:erp_salesorderitem": "added under a second name",
    "foreign_key_type_mismatch:erp_leaverequest:employee_id": "an integer from before BigAutoField",
    "json_not_jsonb:ai_forms_formfield:options": "json from before jsonb",
    "naive_timestamp:users_loginevent:occurred_at": "a timestamp from before USE_TZ",
    "changed_column:users_userprofile:phone": "NULL was let in by hand",
    "sequence_narrower_than_column:core_notification:id": "the column became a bigint, its sequence did not",
    "sequence_behind:todo_comments:id": "a load brought keys of its own",
    "changed_column:production_downtimeevent:id": "an integer from before BigAutoField",
    "integer_runway:production_downtimeevent:id": "an import began at a large number",
    "unlogged_table:erp_attendance": "a fast load",
    "renamed_constraint:qms_auditfinding:unique (audit_id, position)": "renamed by hand",
    "unanalyzed_expression_index:crm_lead:((upper((email)::text)))": "the table was analyzed before",
}

# Defects in how the database is run; what the server's settings bring besides depends on the machine.
OPERATIONS: dict[Vendor, dict[str, str]] = {
    "sqlite": {"uncleared_table:django_session": "nobody runs clearsessions"},
    "postgresql": {
        "uncleared_table:django_session": "nobody runs clearsessions",
        "never_analyzed:price_import": "filled and never looked at",
    },
}

# What is wrong with the canned queries: the check, the query, and what its finding is about.
QUERIES = {
    "invalid_lookup_name:erp.orders_with_items_by_a_wrong_name:salesorderitem_set": "the relation has a related_name",
    "n_plus_one:erp.customer_of_each_order:erp.SalesOrder.customer": "of the analysis of 13 July 2025",
    "n_plus_one:erp.orders_of_each_customer:erp.Customer.salesorder_set": "of the analysis of 13 July 2025",
    "defeated_prefetch:erp.newest_order_of_each_customer:erp.Customer.salesorder_set": "order_by() asks again",
    "unused_eager_load:erp.order_numbers:select_related:customer": "only numbers are read",
    "unused_eager_load:erp.order_dates:prefetch_related:items": "only numbers and dates are read",
    "unread_columns:inventory.references_of_counts:inventory.InventoryRecord:notes": "only references are read",
    "wasted_statement:erp.number_of_order_items:erp.SalesOrderItem": "len() of a queryset",
    "wasted_statement:erp.draft_orders": "exists() before the rows",
}


# What is worth most, in order: what fails or lets wrong data in, then what the models promise and the database lacks.
MOST_VALUABLE: dict[Vendor, tuple[str, ...]] = {
    "sqlite": (
        "invalid_lookup_name:canned:erp.orders_with_items_by_a_wrong_name:salesorderitem_set",  # fails for everybody
        "orphan_rows:erp_shipment:carrier_id:→:erp_carrier",  # wrong data, today
        "missing_constraint:erp_bom:CHECK (\"quantity\" > '0')",  # lets wrong data in
        "missing_foreign_key_constraint:erp_shipment:carrier_id",
        "missing_foreign_key_constraint:erp_suppliercontact:supplier_id",
        'changed_constraint:erp_vehicle:CHECK ("odometer_km" <= 5000000)',
        "missing_index:erp_goodsreceiptitem:(order_item_id)",  # promised, and not there
        "missing_index:erp_suppliercontact:(supplier_id)",
        "missing_index:erp_material:(name)",
        "changed_index:erp_invoice:(due_date) WHERE \"status\" IN ('sent', 'overdue')",
    ),
    "postgresql": (
        "invalid_lookup_name:canned:erp.orders_with_items_by_a_wrong_name:salesorderitem_set",  # fails for everybody
        "sequence_behind:todo_comments:id",  # the next insert fails
        "invalid_index:erp_salesorder:(customer_id, payment_term_id):invalid",  # keeps nothing apart
        "orphan_rows:erp_shipment:carrier_id:→:erp_carrier",  # wrong data, today
        "invalid_index:erp_supplier:(name):leftover",  # every write pays for it, no read uses it
        'missing_constraint:erp_bom:CHECK ("quantity" > 0)',  # lets wrong data in
        "missing_foreign_key_constraint:erp_shipment:carrier_id",
        "missing_foreign_key_constraint:erp_suppliercontact:supplier_id",
        'changed_constraint:erp_vehicle:CHECK ("odometer_km" <= 5000000)',
        "unvalidated_foreign_key:erp_payment:invoice_id:→:erp_invoice",
    ),
}


def truth(vendor: Vendor, state: State) -> dict[str, str]:
    """The keys of the project's own schema findings, each with its reason."""
    if state == "plain":
        return PLAIN
    return PLAIN | BRANCH | BY_HAND | SPELLED[vendor] | (POSTGRESQL if vendor == "postgresql" else {})
