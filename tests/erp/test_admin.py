"""The admin of the reference ERP answers on every page of it."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from erp.models import SalesOrder

REGISTERED = sorted(admin.site._registry, key=lambda model: model._meta.label)


@pytest.fixture
def client(db: None) -> Client:
    """A client that the administrator of the demonstration is logged in with."""
    call_command("seed_erp", verbosity=0)
    client = Client()
    client.force_login(User.objects.get(username="admin"))
    return client


def url(model: type[Model], page: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def test_all_main_models_are_registered() -> None:
    labels = {model._meta.label for model in REGISTERED}
    assert {"erp.SalesOrder", "erp.Product", "erp.Customer", "inventory.Inventory", "qms.Document"} <= labels


def test_every_list_answers(client: Client) -> None:
    for model in REGISTERED:
        assert client.get(url(model, "changelist")).status_code == 200, model


def test_every_list_that_can_be_searched_answers(client: Client) -> None:
    searched = [model for model, page in admin.site._registry.items() if page.search_fields]
    assert len(searched) > 20
    for model in searched:
        assert client.get(url(model, "changelist"), {"q": "a"}).status_code == 200, model


def test_every_record_can_be_opened(client: Client) -> None:
    for model in REGISTERED:
        record = model._default_manager.first()
        if record is not None:
            assert client.get(url(model, "change", record.pk)).status_code == 200, model


def test_an_order_shows_its_lines(client: Client) -> None:
    response = client.get(url(SalesOrder, "change", 1))
    (inline,) = response.context["inline_admin_formsets"]
    assert len(inline.formset.initial_forms) == 10
