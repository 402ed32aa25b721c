"""The whole seeding: every step, in the order that foreign keys ask for."""

from random import Random

from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from .activity import seed_activity, seed_work_orders
from .catalogue import seed_materials, seed_products, seed_units
from .documents import seed_audits, seed_documents
from .finance import seed_invoices, seed_journal
from .forms import seed_forms
from .loader import Loader, Report
from .manufacturing import seed_production, seed_workshop
from .organisation import seed_accounts, seed_organisation, seed_users
from .partners import seed_customers, seed_finance, seed_suppliers
from .people import seed_assets, seed_people, seed_tasks
from .purchasing import seed_purchase_orders, seed_requests
from .quality import seed_quality
from .sales import draw_orders, seed_sales, seed_shipments
from .stock import seed_stock, seed_warehouses
from .world import NOW, World

SEED = 250_713


def seed_company(connection: BaseDatabaseWrapper, scale: int, admin_password: str | None, report: Report) -> None:
    """Fill the empty tables of ``connection`` in one transaction; the same scale always gives the same data."""
    with transaction.atomic(using=connection.alias):
        random = Random(SEED)
        loader = Loader(connection, random, NOW, report)
        world = World(scale, random, loader)
        seed_accounts(world, admin_password)
        seed_organisation(world)
        seed_users(world)
        seed_finance(world)
        seed_people(world)
        seed_units(world)
        seed_customers(world)
        seed_suppliers(world)
        seed_products(world)
        seed_workshop(world)
        seed_materials(world)
        seed_warehouses(world)
        seed_stock(world)
        orders = draw_orders(world)
        seed_sales(world, orders)
        seed_requests(world)
        seed_purchase_orders(world)
        seed_production(world)
        seed_quality(world)
        seed_invoices(world, orders)
        seed_journal(world)
        seed_shipments(world, orders)
        seed_documents(world)
        seed_audits(world)
        seed_work_orders(world)
        seed_tasks(world)
        seed_assets(world)
        seed_forms(world)
        erp_types = ContentType.objects.using(connection.alias).filter(app_label="erp")
        seed_activity(world, {content_type.model: content_type for content_type in erp_types})
        loader.finish()
