"""The shop's tables, with the keys that Django gives them and no other index."""

# ruff: noqa: DJ008 - nobody looks at these rows

from __future__ import annotations

from django.apps.registry import Apps
from django.db import models

registry = Apps(["workloads.shop"])  # with relations backwards, and apart from the project's own


class Shop(models.Model):
    """What all of them share."""

    id = models.BigAutoField(primary_key=True)

    class Meta:
        """In a registry of its own."""

        abstract = True
        app_label = "shop"
        apps = registry


class Customer(Shop):
    """Somebody with an account."""

    email = models.CharField(max_length=120, unique=True)
    first_name = models.CharField(max_length=40)
    last_name = models.CharField(max_length=40)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()


class Address(Shop):
    """Where a customer's parcels go."""

    customer = models.ForeignKey(Customer, models.CASCADE)
    street = models.CharField(max_length=80)
    city = models.CharField(max_length=40)
    is_default = models.BooleanField(default=False)


class Category(Shop):
    """A shelf."""

    name = models.CharField(max_length=60)
    parent = models.ForeignKey("self", models.CASCADE, null=True)


class Brand(Shop):
    """Who made it."""

    name = models.CharField(max_length=60)


class Product(Shop):
    """What is sold; a tenth of it no longer."""

    slug = models.CharField(max_length=80)
    name = models.CharField(max_length=120)
    category = models.ForeignKey(Category, models.PROTECT)
    brand = models.ForeignKey(Brand, models.PROTECT)
    price = models.DecimalField(max_digits=10, decimal_places=2)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    description = models.TextField()


class Stock(Shop):
    """How much of a product lies in which warehouse."""

    product = models.ForeignKey(Product, models.CASCADE)
    warehouse = models.IntegerField()
    quantity = models.IntegerField()
    threshold = models.IntegerField()


class Cart(Shop):
    """A basket; most have been checked out or left long ago."""

    session_key = models.CharField(max_length=40)
    customer = models.ForeignKey(Customer, models.CASCADE, null=True)
    updated_at = models.DateTimeField()
    checked_out_at = models.DateTimeField(null=True)


class Coupon(Shop):
    """A discount."""

    code = models.CharField(max_length=20)
    is_active = models.BooleanField(default=False)
    percent = models.IntegerField()


class Order(Shop):
    """An order; of a hundred, ninety are done."""

    number = models.CharField(max_length=20)
    customer = models.ForeignKey(Customer, models.PROTECT)
    status = models.CharField(max_length=12)
    placed_at = models.DateTimeField()
    total = models.DecimalField(max_digits=10, decimal_places=2)
    note = models.TextField(default="")


class OrderLine(Shop):
    """A product of an order."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="lines")
    product = models.ForeignKey(Product, models.PROTECT)
    quantity = models.IntegerField()
    price = models.DecimalField(max_digits=10, decimal_places=2)


class Payment(Shop):
    """What a provider said of an order's payment."""

    order = models.ForeignKey(Order, models.CASCADE)
    provider = models.CharField(max_length=12)
    reference = models.CharField(max_length=40)
    status = models.CharField(max_length=12)
    created_at = models.DateTimeField()


class Shipment(Shop):
    """A parcel."""

    order = models.ForeignKey(Order, models.CASCADE)
    tracking = models.CharField(max_length=30)
    shipped_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True)


class Review(Shop):
    """What a customer thinks of a product."""

    product = models.ForeignKey(Product, models.CASCADE)
    customer = models.ForeignKey(Customer, models.CASCADE)
    rating = models.IntegerField()
    is_approved = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    text = models.TextField()


class Notification(Shop):
    """What a customer was told."""

    customer = models.ForeignKey(Customer, models.CASCADE)
    text = models.CharField(max_length=120)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)


class Event(Shop):
    """The log: the largest table, only ever appended to. No foreign keys, as logs have them."""

    kind = models.CharField(max_length=20)
    customer_id = models.BigIntegerField(null=True)
    object_type = models.CharField(max_length=20)
    object_id = models.BigIntegerField()
    created_at = models.DateTimeField()
    payload = models.JSONField()


MODELS = (
    Customer,
    Address,
    Category,
    Brand,
    Product,
    Stock,
    Cart,
    Coupon,
    Order,
    OrderLine,
    Payment,
    Shipment,
    Review,
    Notification,
    Event,
)
