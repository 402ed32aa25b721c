"""The FAQ's recipes for tenants that have a schema each, with the real django-tenants and without."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests import project
from tests.project import Project
from tests.scratch import Scratch

SETTINGS = """
    DATABASES["default"]["ENGINE"] = "django_tenants.postgresql_backend"
    DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]
    CONTRIB = ["django.contrib.contenttypes", "django.contrib.auth"]
    SHARED_APPS = ["django_tenants", *CONTRIB, "dbaudit", "customers"]
    TENANT_APPS = [*CONTRIB, "shop"]
    INSTALLED_APPS = [*SHARED_APPS, "shop"]
    TENANT_MODEL = "customers.Client"
    TENANT_DOMAIN_MODEL = "customers.Domain"
    MIDDLEWARE = []
"""
CUSTOMERS = """
    from django.db import models
    from django_tenants.models import DomainMixin, TenantMixin


    class Client(TenantMixin):
        name = models.CharField(max_length=50)


    class Domain(DomainMixin):
        pass
"""
SHOP = """
    from django.db import models


    class Goods(models.Model):
        name = models.CharField(max_length=50)


    class Sale(models.Model):
        goods = models.ForeignKey(Goods, models.CASCADE, db_index=False)
"""
CREATE = """
from customers.models import Client
for name in ("tenant_a", "tenant_b"):
    Client(schema_name=name, name=name).save(verbosity=0)
"""
#: What is found about how the server is run depends on the server.
SCHEMA = ("--skip", "durability_off", "--skip", "missing_timeout", "--skip", "superuser_role")


def _told(database: dict[str, Any]) -> dict[str, str]:
    """The findings that are not Django's, by key with their severity."""
    return {one["key"]: one["severity"] for one in database["findings"] if one["owner"] != "django"}


def _unexamined(database: dict[str, Any]) -> str:
    return "\n".join(one["reason"] for one in database["skipped"] if one["what"] in ("schemas", "models"))


@pytest.fixture
def tenants(postgres: Scratch, tmp_path: Path) -> Project:
    """A project of django-tenants with two tenants."""
    made = project.make(tmp_path, contrib=(), database=postgres.connection.settings_dict, more=SETTINGS)
    made.write(
        {
            "customers/__init__.py": "",
            "customers/models.py": CUSTOMERS,
            "shop/__init__.py": "",
            "shop/models.py": SHOP,
        }
    )
    made.manage("makemigrations", "customers", "shop", "-v0")
    made.manage("migrate_schemas", "--shared", "-v0")
    made.manage("shell", "-v0", "-c", CREATE)
    return made


@pytest.mark.needs("django_tenants")
def test_django_tenants_the_shared_schema_and_one_tenant_are_audited_in_full(tenants: Project) -> None:
    (shared,) = tenants.report("--no-queries", *SCHEMA)["databases"]
    assert _told(shared) == {}
    unexamined = _unexamined(shared)
    assert "tenant_a, tenant_b: They have tables of models and are not on the search path" in unexamined
    assert "shop.Goods, shop.Sale: The database router keeps them out of this schema." in unexamined
    assert "python manage.py tenant_command dbaudit report --schema=tenant_a" in unexamined

    command = ("tenant_command", "dbaudit", "report", "--schema=tenant_a", "--no-queries", "--format", "json", *SCHEMA)
    (tenant,) = json.loads(tenants.manage(*command).stdout)["databases"]
    assert _told(tenant) == {"unindexed_foreign_key:shop_sale:goods_id": "info"}
    models = {table["model"] for table in tenant["tables"]}
    assert {"shop.Goods", "shop.Sale", "auth.User", "customers.Client", "customers.Domain"} <= models
    assert "tenant_b: They have tables of models and are not on the search path" in _unexamined(tenant)


def test_an_alias_with_the_path_of_one_tenant_audits_that(postgres: Scratch, tmp_path: Path) -> None:
    recipe = 'DATABASES["tenant"] = {**DATABASES["default"], "OPTIONS": {"options": "-c search_path=tenant_a,public"}}'
    assert recipe in (project.ROOT / "docs" / "faq.md").read_text()
    postgres.execute("CREATE SCHEMA tenant_a; CREATE SCHEMA tenant_b")
    made = project.make(
        tmp_path,
        apps=("shop",),
        contrib=("django.contrib.contenttypes",),
        database=postgres.connection.settings_dict,
        more=recipe,
    )
    made.write({"shop/__init__.py": "", "shop/models.py": SHOP})
    made.manage("makemigrations", "shop", "-v0")
    made.manage("migrate", "contenttypes", "-v0")
    made.manage("migrate", "--database", "tenant", "-v0")
    postgres.execute("CREATE TABLE tenant_b.shop_goods (id bigint)")
    (tenant,) = made.report("--no-queries", "--database", "tenant", *SCHEMA)["databases"]
    assert _told(tenant) == {"unindexed_foreign_key:shop_sale:goods_id": "info"}
    assert "tenant_b: They have tables of models" in _unexamined(tenant)
